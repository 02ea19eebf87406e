package elgamal

import (
	"fmt"
	"sync"

	"github.com/scrutin/scrutin/internal/babyjub"
)

// PublicKeySize is the length of an encoded PublicKey.
const PublicKeySize = babyjub.PointSize

// PublicKey is an election key H, or a trustee's verification key Y: a point of prime order.
// It is safe for concurrent use.
type PublicKey struct {
	point babyjub.Point
	table func() *babyjub.Table // built when first wanted
}

// NewPublicKey returns the key h. It refuses, with ErrInvalid, the identity and points outside the
// subgroup of prime order.
func NewPublicKey(h *babyjub.Point) (*PublicKey, error) {
	if err := checkKey(h); err != nil {
		return nil, fmt.Errorf("%w public key: %w", ErrInvalid, err)
	}
	k := &PublicKey{point: *h}
	k.table = sync.OnceValue(func() *babyjub.Table { return babyjub.NewTable(&k.point) })
	return k, nil
}

// ParsePublicKey reads the 64 bytes that Bytes returns.
func ParsePublicKey(b []byte) (*PublicKey, error) {
	var h babyjub.Point
	if err := h.SetBytes(b); err != nil {
		return nil, fmt.Errorf("%w of a public key: %w", ErrMalformed, err)
	}
	return NewPublicKey(&h)
}

func checkKey(h *babyjub.Point) error {
	if h.IsIdentity() {
		return fmt.Errorf("%w: it is the identity", babyjub.ErrSubgroup)
	}
	if !h.InSubgroup() {
		return fmt.Errorf("%w: it has a component of small order", babyjub.ErrSubgroup)
	}
	return nil
}

// Bytes returns the EIP-2494 coordinates x and y, 32 bytes each, big-endian.
func (k *PublicKey) Bytes() [PublicKeySize]byte { return k.point.Bytes() }

// Point returns H.
func (k *PublicKey) Point() *babyjub.Point { return new(babyjub.Point).Set(&k.point) }

// Equal reports whether both keys are the same point.
func (k *PublicKey) Equal(other *PublicKey) bool { return k.point.Equal(&other.point) }

// Table returns the multiples of H for fixed-base multiplication. The first call builds them.
func (k *PublicKey) Table() *babyjub.Table { return k.table() }

// Encrypt returns Enc(m; r) = (r*G, m*G + r*H), in constant time. r must be uniform, secret, and
// used for this ciphertext alone.
func (k *PublicKey) Encrypt(m uint64, r *babyjub.Scalar) Ciphertext {
	var c Ciphertext
	c.A.ScalarBaseMul(r)
	c.B.ScalarBaseMulUint64(m)
	mask := k.Table().Mul(r)
	c.B.Add(&c.B, &mask)
	return c
}
