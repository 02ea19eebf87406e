package babyjub

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"math/bits"
)

// Scalar is an integer modulo q, the prime order of the generator. The zero
// value is 0. All operations take constant time, but for BigInt and SetBigInt.
type Scalar struct {
	m limbs // s * 2^256 mod q, always below q (Montgomery form)
}

// limbs is a 256-bit integer, least significant word first.
type limbs [4]uint64

var (
	order = limbs{0x677297dc392126f1, 0xab3eedb83920ee0a, 0x370a08b6d0302b0b, 0x060c89ce5c263405}

	scalarOne = Scalar{limbs{0x073315dea08f9c76, 0xe7acffc6a098f24b, 0xf85a9201d818f015, 0x01f16424e1bb7724}}

	montR2 = limbs{0x35e44abee7ecb21e, 0x74646cacf5f84ec4, 0xe472df203faa158f, 0x0445b524f1ba50a8} // 2^512 mod q
	montR3 = limbs{0x30886e7b42917c21, 0x98dae87b55d7cd2a, 0xeefe3d08cc608b7b, 0x02b4dbffb2bc97aa} // 2^768 mod q
)

const orderNegInv = 0x532ce5aebc48f5ef // -1/q mod 2^64

// Set sets s = x and returns s.
func (s *Scalar) Set(x *Scalar) *Scalar {
	*s = *x
	return s
}

// SetUint64 sets s = u and returns s.
func (s *Scalar) SetUint64(u uint64) *Scalar {
	montMul(&s.m, &limbs{u}, &montR2)
	return s
}

// SetInt64 sets s = i mod q and returns s. The sign of i is not secret.
func (s *Scalar) SetInt64(i int64) *Scalar {
	if i < 0 {
		return s.Neg(s.SetUint64(-uint64(i)))
	}
	return s.SetUint64(uint64(i))
}

// Add sets s = x + y and returns s.
func (s *Scalar) Add(x, y *Scalar) *Scalar {
	var t limbs
	var c uint64
	t[0], c = bits.Add64(x.m[0], y.m[0], 0)
	t[1], c = bits.Add64(x.m[1], y.m[1], c)
	t[2], c = bits.Add64(x.m[2], y.m[2], c)
	t[3], _ = bits.Add64(x.m[3], y.m[3], c) // x + y < 2^252
	s.m.reduce(&t)
	return s
}

// Sub sets s = x - y and returns s.
func (s *Scalar) Sub(x, y *Scalar) *Scalar {
	var t limbs
	var b, c uint64
	t[0], b = bits.Sub64(x.m[0], y.m[0], 0)
	t[1], b = bits.Sub64(x.m[1], y.m[1], b)
	t[2], b = bits.Sub64(x.m[2], y.m[2], b)
	t[3], b = bits.Sub64(x.m[3], y.m[3], b)
	s.m[0], c = bits.Add64(t[0], order[0]&-b, 0)
	s.m[1], c = bits.Add64(t[1], order[1]&-b, c)
	s.m[2], c = bits.Add64(t[2], order[2]&-b, c)
	s.m[3], _ = bits.Add64(t[3], order[3]&-b, c)
	return s
}

// Neg sets s = -x and returns s.
func (s *Scalar) Neg(x *Scalar) *Scalar { return s.Sub(&Scalar{}, x) }

// Mul sets s = x * y and returns s.
func (s *Scalar) Mul(x, y *Scalar) *Scalar {
	montMul(&s.m, &x.m, &y.m)
	return s
}

// Inverse sets s = 1/x, or 0 if x = 0, and returns s. It raises x to the fixed
// power q - 2.
func (s *Scalar) Inverse(x *Scalar) *Scalar {
	var powers [16]Scalar // x^0 .. x^15
	powers[0] = scalarOne
	for i := 1; i < len(powers); i++ {
		powers[i].Mul(&powers[i-1], x)
	}
	e := order
	e[0] -= 2 // q ends in ...f1
	r := scalarOne
	for i := 63; i >= 0; i-- {
		r.Mul(&r, &r).Mul(&r, &r).Mul(&r, &r).Mul(&r, &r)
		r.Mul(&r, &powers[e[i/16]>>(i%16*4)&15])
	}
	*s = r
	return s
}

// Equal reports whether s = x.
func (s *Scalar) Equal(x *Scalar) bool {
	return (s.m[0]^x.m[0])|(s.m[1]^x.m[1])|(s.m[2]^x.m[2])|(s.m[3]^x.m[3]) == 0
}

// IsZero reports whether s = 0.
func (s *Scalar) IsZero() bool { return s.m[0]|s.m[1]|s.m[2]|s.m[3] == 0 }

// SetBytes sets s to the 32 big-endian bytes b, which must be below q. It
// returns ErrEncoding and leaves s unchanged if they are not.
func (s *Scalar) SetBytes(b []byte) error {
	if len(b) != 32 {
		return fmt.Errorf("%w: scalar of %d bytes, want 32", ErrEncoding, len(b))
	}
	v := limbsFromBytes(b)
	if !v.belowOrder() {
		return fmt.Errorf("%w: scalar is not below the group order", ErrEncoding)
	}
	montMul(&s.m, &v, &montR2)
	return nil
}

// SetUniformBytes sets s to the 64 big-endian bytes b modulo q and returns s.
// Uniform bytes give a scalar within 2^-260 of uniform. It panics if b is not
// 64 bytes long.
func (s *Scalar) SetUniformBytes(b []byte) *Scalar {
	if len(b) != 64 {
		panic("babyjub: SetUniformBytes wants 64 bytes")
	}
	// b = high 2^256 + low. montMul reduces fully when one factor is below q.
	high, low := limbsFromBytes(b[:32]), limbsFromBytes(b[32:])
	var h, l Scalar
	montMul(&h.m, &high, &montR3)
	montMul(&l.m, &low, &montR2)
	return s.Add(&h, &l)
}

// Bytes returns s as 32 big-endian bytes.
func (s *Scalar) Bytes() [32]byte {
	v := s.limbs()
	var b [32]byte
	binary.BigEndian.PutUint64(b[0:], v[3])
	binary.BigEndian.PutUint64(b[8:], v[2])
	binary.BigEndian.PutUint64(b[16:], v[1])
	binary.BigEndian.PutUint64(b[24:], v[0])
	return b
}

// BigInt returns s as an integer, 0 <= s < q. What becomes of it does not take
// constant time: public values only.
func (s *Scalar) BigInt() *big.Int {
	b := s.Bytes()
	return new(big.Int).SetBytes(b[:])
}

// SetBigInt sets s = x, 0 <= x < q, in variable time. It returns ErrEncoding
// and leaves s unchanged if x is out of range.
func (s *Scalar) SetBigInt(x *big.Int) error {
	if x.Sign() < 0 || x.BitLen() > 256 {
		return fmt.Errorf("%w: integer out of the scalars' range", ErrEncoding)
	}
	var b [32]byte
	return s.SetBytes(x.FillBytes(b[:]))
}

const redacted = "Scalar(redacted)"

// String returns "Scalar(redacted)".
func (s Scalar) String() string { return redacted }

// GoString returns "Scalar(redacted)".
func (s Scalar) GoString() string { return redacted }

// Format writes "Scalar(redacted)" whatever the verb.
func (s Scalar) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// limbs returns the integer s out of Montgomery form.
func (s *Scalar) limbs() limbs {
	var v limbs
	montMul(&v, &s.m, &limbs{1})
	return v
}

func limbsFromBytes(b []byte) limbs {
	return limbs{
		binary.BigEndian.Uint64(b[24:32]),
		binary.BigEndian.Uint64(b[16:24]),
		binary.BigEndian.Uint64(b[8:16]),
		binary.BigEndian.Uint64(b[0:8]),
	}
}

func (v *limbs) belowOrder() bool {
	_, b := bits.Sub64(v[0], order[0], 0)
	_, b = bits.Sub64(v[1], order[1], b)
	_, b = bits.Sub64(v[2], order[2], b)
	_, b = bits.Sub64(v[3], order[3], b)
	return b == 1
}

// reduce sets v = t mod q for t < 2q.
func (v *limbs) reduce(t *limbs) {
	var u limbs
	var b uint64
	u[0], b = bits.Sub64(t[0], order[0], 0)
	u[1], b = bits.Sub64(t[1], order[1], b)
	u[2], b = bits.Sub64(t[2], order[2], b)
	u[3], b = bits.Sub64(t[3], order[3], b)
	keep := -b // all ones if t < q
	v[0] = u[0] ^ keep&(u[0]^t[0])
	v[1] = u[1] ^ keep&(u[1]^t[1])
	v[2] = u[2] ^ keep&(u[2]^t[2])
	v[3] = u[3] ^ keep&(u[3]^t[3])
}

// montMul sets z = x y / 2^256 mod q, for any x < 2^256 and y < q. After each
// of the four steps the accumulator is below y + q < 2^252, so it never needs a
// fifth word, and at the end it is below x y / 2^256 + q < 2q.
func montMul(z, x, y *limbs) {
	var t0, t1, t2, t3 uint64
	for i := range 4 {
		v := x[i]
		var c, d uint64
		c, t0 = madd(v, y[0], t0, 0)
		m := t0 * orderNegInv
		d, _ = madd(m, order[0], t0, 0)
		c, t1 = madd(v, y[1], t1, c)
		d, t0 = madd(m, order[1], t1, d)
		c, t2 = madd(v, y[2], t2, c)
		d, t1 = madd(m, order[2], t2, d)
		c, t3 = madd(v, y[3], t3, c)
		d, t2 = madd(m, order[3], t3, d)
		t3 = c + d
	}
	z.reduce(&limbs{t0, t1, t2, t3})
}

// madd returns a b + c + d, which fits two words.
func madd(a, b, c, d uint64) (hi, lo uint64) {
	var carry uint64
	hi, lo = bits.Mul64(a, b)
	lo, carry = bits.Add64(lo, c, 0)
	hi, _ = bits.Add64(hi, 0, carry)
	lo, carry = bits.Add64(lo, d, 0)
	hi, _ = bits.Add64(hi, 0, carry)
	return hi, lo
}

// windows returns the number of signed base-2^w digits of a scalar, 4 <= w <= 16.
func windows(w int) int { return (252 + w - 1) / w }

// digits writes the integer v < q to d, windows(w) entries, in base 2^w with
// signed digits, least significant first:
//
//	v = sum_i d_i 2^(w i),   -2^(w-1) <= d_i < 2^(w-1)
//
// The last digit takes no more than w - 1 bits of q and does not carry: where it
// takes exactly w - 1 they are 110... at most, and a carry fits.
func (v *limbs) digits(d []int16, w int) {
	var carry uint64
	mask := uint64(1)<<w - 1
	half := uint64(1) << (w - 1)
	for i := range d {
		word, shift := i*w/64, i*w%64
		x := v[word] >> shift
		if shift+w > 64 && word < 3 {
			x |= v[word+1] << (64 - shift)
		}
		x = x&mask + carry
		carry = (x + half) >> w
		d[i] = int16(x - carry<<w)
	}
}
