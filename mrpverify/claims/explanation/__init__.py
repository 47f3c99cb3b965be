"""Claims about why pretraining helps: explanations that fit the same outcome, told apart."""
