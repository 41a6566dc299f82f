"""How a candidate is judged beside the champion: a state machine and its evidence."""
