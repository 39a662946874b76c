"""Networks, ill and healthy, whose diagnosis is known by construction or by another computation."""
