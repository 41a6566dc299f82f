"""Networks on images of pores."""
