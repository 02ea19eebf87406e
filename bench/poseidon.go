package main

import (
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	iden3 "github.com/iden3/go-iden3-crypto/poseidon"

	"github.com/scrutin/scrutin/internal/poseidon"
)

func poseidonRows() []row {
	const ours, peer = "scrutin", "go-iden3-crypto"
	return []row{{
		name:  "poseidon",
		title: "Poseidon of two inputs",
		shape: "A chain of hashes. go-iden3-crypto takes and gives big integers, which is in its time.",
		bench: "go test -run '^$' -bench 'Hash/inputs=2' ./internal/poseidon",
		sides: []side{
			{name: ours, figures: elapsed, open: hashOwn},
			{name: peer, figures: elapsed, open: hashIden3},
		},
		comparisons: []comparison{{ours: ours, peer: peer, atMost: 0.5}},
	}}
}

func hashOwn(e *env) (sampler, error) {
	x, y := fr.NewElement(1), fr.NewElement(2)
	return e.repeat(1, func() error {
		x = poseidon.Hash2(&x, &y)
		return nil
	})
}

func hashIden3(e *env) (sampler, error) {
	in := []*big.Int{big.NewInt(1), big.NewInt(2)}
	return e.repeat(1, func() (err error) {
		in[0], err = iden3.Hash(in)
		return err
	})
}
