"""Records by international standards: the pages of the platform that serve this clause of the plans."""
