"""How fast Penstock is, beside a bare handler and beside its peers, all measured in one run."""
