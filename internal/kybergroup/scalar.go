package kybergroup

import (
	"crypto/cipher"
	"fmt"
	"io"

	"go.dedis.ch/kyber/v3"

	"github.com/scrutin/scrutin/internal/babyjub"
)

type scalar struct{ s babyjub.Scalar }

func (s *scalar) Equal(x kyber.Scalar) bool { return s.s.Equal(&x.(*scalar).s) }

func (s *scalar) Set(x kyber.Scalar) kyber.Scalar {
	s.s = x.(*scalar).s
	return s
}

func (s *scalar) Clone() kyber.Scalar { return &scalar{s.s} }

func (s *scalar) SetInt64(v int64) kyber.Scalar {
	s.s.SetInt64(v)
	return s
}

func (s *scalar) Zero() kyber.Scalar { return s.SetInt64(0) }
func (s *scalar) One() kyber.Scalar  { return s.SetInt64(1) }

func (s *scalar) Add(a, b kyber.Scalar) kyber.Scalar {
	s.s.Add(&a.(*scalar).s, &b.(*scalar).s)
	return s
}

func (s *scalar) Sub(a, b kyber.Scalar) kyber.Scalar {
	s.s.Sub(&a.(*scalar).s, &b.(*scalar).s)
	return s
}

func (s *scalar) Neg(a kyber.Scalar) kyber.Scalar {
	s.s.Neg(&a.(*scalar).s)
	return s
}

func (s *scalar) Mul(a, b kyber.Scalar) kyber.Scalar {
	s.s.Mul(&a.(*scalar).s, &b.(*scalar).s)
	return s
}

// Div sets s = a/b, and 0 if b = 0.
func (s *scalar) Div(a, b kyber.Scalar) kyber.Scalar {
	var inv babyjub.Scalar
	inv.Inverse(&b.(*scalar).s)
	s.s.Mul(&a.(*scalar).s, &inv)
	return s
}

// Inv sets s = 1/a, and 0 if a = 0.
func (s *scalar) Inv(a kyber.Scalar) kyber.Scalar {
	s.s.Inverse(&a.(*scalar).s)
	return s
}

// Pick sets s to 64 bytes of the stream modulo q.
func (s *scalar) Pick(stream cipher.Stream) kyber.Scalar {
	var b [64]byte
	stream.XORKeyStream(b[:], b[:])
	s.s.SetUniformBytes(b[:])
	return s
}

// SetBytes sets s to the big-endian integer b, of any length, modulo q.
func (s *scalar) SetBytes(b []byte) kyber.Scalar {
	const chunk = 32
	var shift, acc babyjub.Scalar // shift = 2^256
	var block [64]byte
	block[chunk-1] = 1
	shift.SetUniformBytes(block[:])
	block[chunk-1] = 0
	for len(b) > 0 {
		n := (len(b)-1)%chunk + 1 // the first chunk may be short
		clear(block[:])
		copy(block[len(block)-n:], b[:n])
		var c babyjub.Scalar
		c.SetUniformBytes(block[:])
		acc.Mul(&acc, &shift).Add(&acc, &c)
		b = b[n:]
	}
	s.s = acc
	return s
}

func (s *scalar) MarshalSize() int { return scalarSize }

// String and Format print "Scalar(redacted)". Package fmt would look into s.
func (s *scalar) String() string                { return s.s.String() }
func (s *scalar) Format(f fmt.State, verb rune) { s.s.Format(f, verb) }

func (s *scalar) MarshalBinary() ([]byte, error) {
	b := s.s.Bytes()
	return b[:], nil
}

func (s *scalar) MarshalTo(w io.Writer) (int, error) {
	b := s.s.Bytes()
	return w.Write(b[:])
}

// UnmarshalBinary accepts 32 big-endian bytes below q.
func (s *scalar) UnmarshalBinary(b []byte) error { return s.s.SetBytes(b) }

func (s *scalar) UnmarshalFrom(r io.Reader) (int, error) {
	return unmarshalFrom(s, r, func(stream cipher.Stream) { s.Pick(stream) })
}
