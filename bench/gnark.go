package main

import (
	"errors"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	"github.com/consensys/gnark/backend/witness"

	"github.com/scrutin/scrutin/proof/prover"
)

// proveGnark is gnark's own prover on the constraints of Scrutin's circuit, without a check of the proof.
func proveGnark(e *env) (sampler, error) {
	rows, _, err := prover.Relation{Depth: depth}.Constraints()
	if err != nil {
		return nil, err
	}
	var k groth16.ProvingKey
	var vk groth16.VerifyingKey
	if err := groth16.Setup(rows, &k, &vk); err != nil {
		return nil, err
	}
	public, secret, err := assignment()
	if err != nil {
		return nil, err
	}
	values := make(chan any, len(public)+len(secret))
	for _, v := range append(public, secret...) {
		values <- v
	}
	close(values)
	w, err := witness.New(fr.Modulus())
	if err := errors.Join(err, w.Fill(len(public), len(secret), values)); err != nil {
		return nil, err
	}
	return e.repeat(1, func() error {
		_, err := groth16.Prove(rows, &k, w)
		return err
	})
}

// assignment is the statement as the inputs of Scrutin's circuit, in its order.
func assignment() (public, secret []fr.Element, err error) {
	id, st := statement()
	claim, err := st.Claim(id)
	if err != nil {
		return nil, nil, err
	}
	if public, err = claim.Inputs(); err != nil {
		return nil, nil, err
	}
	s := id.Bytes()
	bits := func(n int, at func(i int) bool) {
		for i := range n {
			var bit fr.Element
			if at(i) {
				bit.SetOne()
			}
			secret = append(secret, bit)
		}
	}
	secret = append(secret, *new(fr.Element).SetBytes(s[:]))
	bits(251, func(i int) bool { return s[31-i/8]>>(i%8)&1 == 1 })
	bits(depth+1, func(i int) bool { return i == len(st.Path.Siblings) })
	bits(depth, func(i int) bool { return st.Path.Index>>i&1 == 1 })
	for _, sibling := range st.Path.Siblings {
		secret = append(secret, *new(fr.Element).SetBytes(sibling[:]))
	}
	return public, secret, nil
}
