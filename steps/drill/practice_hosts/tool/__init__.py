"""The simulated `hosted-engine --deploy`: both generations, both dialects."""
