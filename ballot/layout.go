package ballot

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/transcript"
	"github.com/scrutin/scrutin/internal/wire"
)

// A layout is what a question's rule compiles to: what the well-formedness argument proves
// and what the plaintext totals mean. docs/spec/ballot.md, "Layout".
type layout struct {
	bits        int          // b_0 .. b_(bits-1), each 0 or 1
	forms       []linear     // ciphertext j encrypts forms[j](b)
	constraints []constraint // equalities over the integers
	counters    []counter    // what is counted, in order
	width       int          // bits of a counter in a plaintext total
	packed      int          // counters of a ciphertext
	limit       uint64       // the largest total of a counter
	digest      [32]byte
}

// term is coefficient * b_bit.
type term struct {
	bit         int
	coefficient int64
	scalar      babyjub.Scalar // the coefficient mod q
}

// linear is a sum of terms, with increasing bits and no coefficient 0.
type linear []term

// constraint says left(b) = right.
type constraint struct {
	left   linear
	right  int64
	scalar babyjub.Scalar // right mod q
}

// counter is a linear form that is summed over all ballots, times their weights.
type counter struct {
	option OptionID
	label  string
	form   linear
}

const (
	// plaintextBits bounds an opened total: elgamal solves logarithms below 2^44.
	plaintextBits = 44

	// coefficientLimit bounds the sum of the absolute values of a constraint's numbers. It
	// is below q/2, so an equation of scalars is an equation of integers.
	coefficientLimit = 1 << 62
)

// compiler collects a layout. Its methods never fail; finish does.
type compiler struct {
	layout
	maximum uint64 // the largest counter of one ballot
	err     error
}

func (c *compiler) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
	}
}

// bit adds a bit and returns coefficient * bit.
func (c *compiler) bit(coefficient int64) term {
	c.bits++
	return newTerm(c.bits-1, coefficient)
}

func newTerm(bit int, coefficient int64) term {
	t := term{bit: bit, coefficient: coefficient}
	t.scalar.SetInt64(coefficient)
	return t
}

// slack adds bits whose sum, with coefficients 1, 2, 4 ... and a remainder, takes exactly
// the values 0 .. most.
func (c *compiler) slack(most uint64) linear {
	var l linear
	for _, s := range slackCoefficients(most) {
		l = append(l, c.bit(int64(s)))
	}
	return l
}

// slackCoefficients returns 1, 2, .. 2^(k-2) and the remainder most - (2^(k-1) - 1), where
// k = bitlen(most).
func slackCoefficients(most uint64) []uint64 {
	var out []uint64
	for next := uint64(1); most > 0; next *= 2 {
		s := min(next, most)
		out = append(out, s)
		most -= s
	}
	return out
}

// matrix adds rows of bits with the coefficient 1.
func (c *compiler) matrix(rows, columns int) []linear {
	out := make([]linear, rows)
	for i := range out {
		for range columns {
			out[i] = append(out[i], c.bit(1))
		}
	}
	return out
}

// oneOfEach requires of each row of bits that it adds up to 1, or, with orNone, that it does so with
// a bit of its own, which says "none of the row".
func (c *compiler) oneOfEach(rows []linear, orNone bool) {
	for _, row := range rows {
		left := slices.Clone(row)
		if orNone {
			left = append(left, c.bit(1))
		}
		c.require(left, 1)
	}
}

// require adds the constraint left(b) = right.
func (c *compiler) require(left linear, right int64) {
	sum := magnitude(right)
	for _, t := range left {
		sum = min(sum, coefficientLimit) + magnitude(t.coefficient) // at most 2^62 + 2^63
	}
	if sum >= coefficientLimit {
		c.fail("a constraint with coefficients that add up to 2^62 or more")
		return
	}
	k := constraint{left: left, right: right}
	k.scalar.SetInt64(right)
	c.constraints = append(c.constraints, k)
}

// count adds a counter, a form of non-negative coefficients that no valid ballot gives a
// value above most.
func (c *compiler) count(option OptionID, label string, form linear, most uint64) {
	for _, t := range form {
		if uint64(t.coefficient) > most { // a negative one is beyond all
			c.fail("a counter of at most %d with the coefficient %d", most, t.coefficient)
		}
	}
	c.counters = append(c.counters, counter{option, label, form})
	c.maximum = max(c.maximum, most)
}

// finish packs the counters for an election of this total weight and checks all limits.
//
// A counter's total is at most total * maximum, l = bitlen(total * maximum) bits;
// floor(44 / l) counters share a ciphertext, the c-th of them times 2^(l c). A coefficient
// is at most maximum, so none of a ciphertext reaches 2^44.
func (c *compiler) finish(total uint64) (*layout, error) {
	high, limit := bits.Mul64(total, c.maximum)
	width := bits.Len64(limit)
	if high != 0 || width > plaintextBits {
		c.fail("a total weight of %d times %d for a counter takes more than %d bits: take lower points, or split the election", total, c.maximum, plaintextBits)
	}
	if width == 0 { // no counters, or no votes
		c.fail("nothing to count")
	}
	if c.err != nil {
		return nil, c.err
	}
	c.width, c.packed, c.limit = width, plaintextBits/width, limit
	for i, k := range c.counters {
		if i%c.packed == 0 {
			c.forms = append(c.forms, nil)
		}
		j := len(c.forms) - 1
		c.forms[j] = c.forms[j].plus(k.form, int64(1)<<(i%c.packed*width))
	}
	switch {
	case c.bits > MaxBits:
		c.fail("%d bits, at most %d allowed", c.bits, MaxBits)
	case len(c.constraints) > MaxConstraints:
		c.fail("%d constraints, at most %d allowed", len(c.constraints), MaxConstraints)
	case len(c.forms) > MaxCiphertexts:
		c.fail("%d ciphertexts, at most %d allowed", len(c.forms), MaxCiphertexts)
	}
	if c.err != nil {
		return nil, c.err
	}
	l := c.layout
	l.digest = transcript.Digest("layout", l.encode())
	return &l, nil
}

// plus returns l + k*m.
func (l linear) plus(m linear, k int64) linear {
	var out linear
	for len(l) > 0 || len(m) > 0 {
		switch {
		case len(m) == 0 || len(l) > 0 && l[0].bit < m[0].bit:
			out, l = append(out, l[0]), l[1:]
		case len(l) == 0 || m[0].bit < l[0].bit:
			out, m = append(out, newTerm(m[0].bit, k*m[0].coefficient)), m[1:]
		default:
			if s := l[0].coefficient + k*m[0].coefficient; s != 0 {
				out = append(out, newTerm(l[0].bit, s))
			}
			l, m = l[1:], m[1:]
		}
	}
	return out
}

// encode writes what the digest covers.
func (l *layout) encode() []byte {
	var w wire.Writer
	writeLinear := func(f linear) {
		w.Uint32(uint32(len(f)))
		for _, t := range f {
			w.Uint32(uint32(t.bit + 1))
			w.Uint64(uint64(t.coefficient))
		}
	}
	w.Uint8(formatVersion)
	w.Uint32(uint32(l.bits))
	w.Uint32(uint32(len(l.forms)))
	for _, f := range l.forms {
		writeLinear(f)
	}
	w.Uint32(uint32(len(l.constraints)))
	for _, c := range l.constraints {
		writeLinear(c.left)
		w.Uint64(uint64(c.right))
	}
	w.Uint32(uint32(len(l.counters)))
	for _, c := range l.counters {
		w.Text(string(c.option))
		w.Text(c.label)
	}
	w.Uint8(uint8(l.width))
	w.Uint8(uint8(l.packed))
	w.Uint64(l.limit)
	return w.Bytes()
}

// at returns the value of l, l(f) mod q, for secret or public f.
func (l linear) at(f []babyjub.Scalar) babyjub.Scalar {
	var sum, product babyjub.Scalar
	for i := range l {
		sum.Add(&sum, product.Mul(&l[i].scalar, &f[l[i].bit]))
	}
	return sum
}

// value returns l(b) for bits b, each 0 or 1.
func (l linear) value(b []uint8) int64 {
	var sum int64
	for _, t := range l {
		sum += t.coefficient * int64(b[t.bit])
	}
	return sum
}

// satisfied reports whether every b is a bit and all constraints hold.
func (l *layout) satisfied(b []uint8) bool {
	if len(b) != l.bits {
		return false
	}
	for _, v := range b {
		if v > 1 {
			return false
		}
	}
	for _, c := range l.constraints {
		if c.left.value(b) != c.right {
			return false
		}
	}
	return true
}

// size returns the bytes that a question takes on a ballot: m ciphertexts; V, V_a, T_A,
// T_B, K1, K0; alpha; f_1 .. f_n; z_rho, z_r, z_tau.
func (l *layout) size() int {
	return len(l.forms)*ciphertextSize + 6*pointSize + scalarSize + l.bits*scalarSize + 3*scalarSize
}

// unpack cuts the plaintext totals of the question's ciphertexts into counters.
func (l *layout) unpack(totals []uint64) ([]uint64, error) {
	out := make([]uint64, 0, len(l.counters))
	for j, total := range totals {
		rest := total
		for range min(l.packed, len(l.counters)-j*l.packed) {
			v := rest & (1<<l.width - 1)
			if v > l.limit {
				return nil, fmt.Errorf("%w: ciphertext %d: its total %d gives a counter of %d, which is above %d", ErrInvalid, j+1, total, v, l.limit)
			}
			out = append(out, v)
			rest >>= l.width
		}
		if rest != 0 {
			return nil, fmt.Errorf("%w: ciphertext %d: its total %d is larger than its counters can be", ErrInvalid, j+1, total)
		}
	}
	return out, nil
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

const (
	pointSize      = 64
	scalarSize     = 32
	ciphertextSize = 2 * pointSize
)
