"""Tools on AWS through boto3: who may do what, and the policies that say so."""
