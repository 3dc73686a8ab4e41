"""Administration over the network: who asks, what they may change, and how it is answered."""
