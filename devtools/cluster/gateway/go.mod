module gateway

go 1.26.0

require github.com/traefik/traefik/v3 v3.7.13

// What Traefik's module lacks, or what isn't served; lego is copied there by build.sh.
replace (
	github.com/abbot/go-http-auth => ./auth
	github.com/go-acme/lego/v5 => ./lego
	github.com/traefik/traefik/dynamic/ext => ./ext
)

// Replacements and exclusions of its own, which hold in the main module only.
replace github.com/gorilla/mux => github.com/containous/mux v0.0.0-20250523120546-41b6ec3aed59

exclude github.com/tencentcloud/tencentcloud-sdk-go v3.0.83+incompatible
