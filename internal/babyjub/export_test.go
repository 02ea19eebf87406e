package babyjub

import (
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// What tests of package babyjub_test see of the inside.
var (
	MapToCurve = mapToCurve
	HashDST    = hashDST

	FeAdd       = feAdd
	FeSub       = feSub
	FeNeg       = feNeg
	FeInverse   = feInverse
	BatchInvert = batchInvert
)

const (
	MinWidth = 4
	MaxWidth = 16
)

// Digits returns the signed digits of s in base 2^w.
func Digits(s *Scalar, w int) []int16 {
	d := make([]int16, windows(w))
	v := s.limbs()
	v.digits(d, w)
	return d
}

// NonAdjacentForm returns the digits of s that multiplication in variable time
// uses.
func NonAdjacentForm(s *Scalar) []int8 {
	var d nafDigits
	v := s.limbs()
	n := d.recode(&v)
	return d[:n]
}

// WindowSums returns sum_i digits[i] points[i] for digits of w bits, n windows one
// after the other, by buckets that have been used before.
func WindowSums(w, n int, digits []int16, points []Point) []Point {
	prepared := toNiels(points)
	b := newBuckets(w, n)
	sums := make([]Point, n)
	for range 2 {
		b.windowSums(sums, digits, prepared)
	}
	return sums
}

// Pairing returns what InSubgroup compares with 1.
func Pairing(p *Point) Field {
	q := *p
	var inv fr.Element
	inv.Inverse(&q.z)
	q.normalize(&inv)
	f := q.tate()
	fePower(&f, &f, &tateExponent)
	return f
}

// MulByOrder returns q p, by doubling and adding.
func MulByOrder(p *Point) *Point { return new(Point).varTimeMul(&order, p) }

// Modulus returns the modulus as feAdd and feSub know it.
func Modulus() *big.Int {
	n := new(big.Int)
	for _, word := range []uint64{p3, p2, p1, p0} {
		n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(word))
	}
	return n
}

// Field is an element of the coordinates' field.
type Field = fr.Element
