package main

const (
	rapidsnarkAlone = "rapidsnark, prove alone"
	rapidsnarkWhole = "rapidsnark, witness and proof"
)
