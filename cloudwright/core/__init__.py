"""The vocabulary of Cloudwright: tools and their effects, the gate, the journal, evidence and findings."""
