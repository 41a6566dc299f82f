"""What is looked at before new records are added: labels that contradict or are implausible."""
