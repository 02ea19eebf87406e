package proof

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"

	"github.com/scrutin/scrutin/internal/wire"
)

const (
	keyVersion   = 1
	flagWeighted = 1 << 0

	// Number of public inputs.
	inputsUnweighted = 4
	inputsWeighted   = 5
)

// VerifyingKey is the public key of a Groth16 set-up for the membership relation. It is immutable and
// safe for concurrent use. The zero value is not a key.
type VerifyingKey struct {
	encoding []byte

	alpha              bn254.G1Affine
	beta, gamma, delta bn254.G2Affine
	k                  []bn254.G1Affine // k[0] for the constant 1, then one for each public input

	// Derived: e(alpha, beta), and the lines of the pairings whose second argument is fixed.
	alphaBeta                   bn254.GT
	negBeta, negGamma, negDelta lines // of -beta, -gamma, -delta
}

// ParseVerifyingKey reads a key: format version 1, a byte of flags (1: weighted), then alpha (G1), beta,
// gamma, delta (G2) and K_0..K_n (G1), n = 4 public inputs or 5 if weighted; 770 or 834 bytes.
//
// Every point must be on its curve, in the prime-order group, and not infinity. A key that cannot come
// from a whole set-up is refused as well: alpha, beta or delta equal to the generator (a phase that
// nobody contributed to), two equal G2 points (delta = gamma makes everything provable), or two equal
// G1 points (inputs that can be exchanged), signs disregarded. gamma may be the generator: that
// is how snarkjs makes its keys. The error is ErrMalformed.
func ParseVerifyingKey(b []byte) (*VerifyingKey, error) {
	r := wire.NewReader(b)
	if v := r.Uint8(); r.Err() == nil && v != keyVersion {
		return nil, fmt.Errorf("%w: verifying key of format version %d, this is version %d", ErrMalformed, v, keyVersion)
	}
	inputs := inputsUnweighted
	switch flags := r.Uint8(); flags {
	case 0:
	case flagWeighted:
		inputs = inputsWeighted
	default:
		return nil, fmt.Errorf("%w: verifying key with unknown flags %#x", ErrMalformed, flags)
	}
	vk := new(VerifyingKey)
	vk.alpha = readG1(r, "alpha")
	vk.beta = readG2(r, "beta")
	vk.gamma = readG2(r, "gamma")
	vk.delta = readG2(r, "delta")
	for i := range inputs + 1 {
		vk.k = append(vk.k, readG1(r, fmt.Sprintf("K_%d", i)))
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("%w: verifying key: %w", ErrMalformed, err)
	}
	vk.encoding = bytes.Clone(b)
	if err := vk.degenerate(); err != nil {
		return nil, fmt.Errorf("%w: verifying key: %w", ErrMalformed, err)
	}
	return vk, vk.precompute()
}

// degenerate refuses keys under which more than the relation can be proved.
func (vk *VerifyingKey) degenerate() error { //check:verifying-key/degenerate
	_, _, g1, g2 := bn254.Generators()
	switch {
	case sameX1(&vk.alpha, &g1), sameX2(&vk.beta, &g2):
		return errors.New("alpha or beta is the generator: a set-up without its first phase")
	case sameX2(&vk.delta, &g2), sameX2(&vk.delta, &vk.gamma):
		return errors.New("delta is gamma or the generator: a set-up without its second phase")
	case sameX2(&vk.beta, &vk.gamma), sameX2(&vk.beta, &vk.delta):
		return errors.New("beta is gamma or delta")
	}
	for i := range vk.k {
		if sameX1(&vk.alpha, &vk.k[i]) {
			return fmt.Errorf("alpha is the point K of input %d", i)
		}
		for j := range i {
			if sameX1(&vk.k[j], &vk.k[i]) {
				return fmt.Errorf("inputs %d and %d have the same point K", j, i)
			}
		}
	}
	return nil
}

// sameX1 reports whether p = q or p = -q: both points of the curve with that x.
func sameX1(p, q *bn254.G1Affine) bool { return p.X.Equal(&q.X) }

func sameX2(p, q *bn254.G2Affine) bool { return p.X.Equal(&q.X) }

func (vk *VerifyingKey) precompute() error {
	var err error
	vk.alphaBeta, err = bn254.Pair([]bn254.G1Affine{vk.alpha}, []bn254.G2Affine{vk.beta})
	if err != nil {
		return fmt.Errorf("proof: verifying key: %w", err)
	}
	vk.negBeta = negLines(vk.beta)
	vk.negGamma = negLines(vk.gamma)
	vk.negDelta = negLines(vk.delta)
	return nil
}

// Bytes returns the encoding that ParseVerifyingKey reads.
func (vk *VerifyingKey) Bytes() []byte { return bytes.Clone(vk.encoding) }

// Digest returns the SHA-256 of Bytes, by which a manifest names the key.
func (vk *VerifyingKey) Digest() [32]byte { return sha256.Sum256(vk.encoding) }

// Weighted reports whether the key is of the weighted relation.
func (vk *VerifyingKey) Weighted() bool { return len(vk.k) == inputsWeighted+1 }
