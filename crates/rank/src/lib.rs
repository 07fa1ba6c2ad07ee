//! Candidates in, scores out: rankers, decision, calibration.
