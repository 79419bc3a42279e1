"""What bench/peers.py measures pixnerd beside."""
