"""Can the answer be trusted? Films and trained networks in; audits.json, with a verdict, out."""
