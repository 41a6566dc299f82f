module storage-provisioner

go 1.26.0

require sigs.k8s.io/sig-storage-lib-external-provisioner/v13 v13.1.0
