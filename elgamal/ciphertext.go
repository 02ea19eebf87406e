package elgamal

import (
	"fmt"

	"github.com/scrutin/scrutin/internal/babyjub"
)

// CiphertextSize is the length of an encoded Ciphertext.
const CiphertextSize = 2 * babyjub.PointSize

// Ciphertext is a pair of points of the curve, of any order: (A, B) = (r*G, m*G + r*H) if it was
// made by Encrypt, anything if it came from a decoder. What components of small order it may have
// vanish when the sum is cofactored. The zero value is not a ciphertext and panics when used: start from
// NewCiphertext, Encrypt or SetBytes.
type Ciphertext struct{ A, B babyjub.Point }

// NewCiphertext returns (0, 0), the encryption of 0 with randomness 0: the empty sum.
func NewCiphertext() Ciphertext {
	return Ciphertext{A: *babyjub.NewIdentity(), B: *babyjub.NewIdentity()}
}

// Bytes encodes A, then B, each as 64 bytes of EIP-2494 coordinates.
func (c *Ciphertext) Bytes() [CiphertextSize]byte {
	halves := babyjub.BatchBytes([]babyjub.Point{c.A, c.B})
	var b [CiphertextSize]byte
	copy(b[:babyjub.PointSize], halves[0][:])
	copy(b[babyjub.PointSize:], halves[1][:])
	return b
}

// SetBytes decodes exactly 128 bytes. Both points must be on the curve and canonical; they may
// have any order. On error c is unchanged.
func (c *Ciphertext) SetBytes(b []byte) error {
	if len(b) != CiphertextSize {
		return fmt.Errorf("%w: ciphertext of %d bytes, want %d", ErrMalformed, len(b), CiphertextSize)
	}
	var d Ciphertext
	if err := d.A.SetBytes(b[:babyjub.PointSize]); err != nil {
		return fmt.Errorf("%w: ciphertext, point A: %w", ErrMalformed, err)
	}
	if err := d.B.SetBytes(b[babyjub.PointSize:]); err != nil {
		return fmt.Errorf("%w: ciphertext, point B: %w", ErrMalformed, err)
	}
	*c = d
	return nil
}

// Add sets c = x + y, which encrypts the sum of the plaintexts, and returns c.
func (c *Ciphertext) Add(x, y *Ciphertext) *Ciphertext {
	c.A.Add(&x.A, &y.A)
	c.B.Add(&x.B, &y.B)
	return c
}

// MulUint64 sets c = w*x, which encrypts w times the plaintext, in variable time, and returns c.
func (c *Ciphertext) MulUint64(w uint64, x *Ciphertext) *Ciphertext {
	c.A.VarTimeMulUint64(w, &x.A)
	c.B.VarTimeMulUint64(w, &x.B)
	return c
}

// MulByCofactor sets c = 8*x and returns c. Both points of c are then in the subgroup of prime
// order, as NewShare, Share.Verify and Combine want their sums.
func (c *Ciphertext) MulByCofactor(x *Ciphertext) *Ciphertext {
	c.A.MulByCofactor(&x.A)
	c.B.MulByCofactor(&x.B)
	return c
}

// Equal reports whether c and x are the same pair of points, in constant time.
func (c *Ciphertext) Equal(x *Ciphertext) bool {
	a, b := c.A.Equal(&x.A), c.B.Equal(&x.B)
	return a && b
}
