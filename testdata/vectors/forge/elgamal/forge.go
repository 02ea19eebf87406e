package elgamal

import (
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/sigma"
	"github.com/scrutin/scrutin/internal/transcript"
)

// ForgeShare is NewShare, but for the points, which tamper changes before they are proved.
func ForgeShare(t *transcript.Transcript, x *babyjub.Scalar, y *babyjub.Point, sums []Ciphertext, tamper func([]babyjub.Point)) *Share {
	s := &Share{D: make([]babyjub.Point, len(sums))}
	for k := range sums {
		s.D[k].ScalarMul(x, &sums[k].A)
	}
	tamper(s.D)
	e := weights(t, y, sums, s.D)
	a := babyjub.VarTimeMultiScalarMul(e, masks(sums))
	d := new(babyjub.Point).ScalarMul(x, &a)
	s.Proof = sigma.ProveEqual(t, x, &a, y, d)
	return s
}
