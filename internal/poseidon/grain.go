package poseidon

import (
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// grain is the 80-bit Grain LFSR in self-shrinking mode, the generator of constants of the
// Poseidon paper. The register's bits s[0..63] are lo from its low end up, s[64..79] are hi;
// s[0] leaves first.
type grain struct {
	lo, hi uint64
	queue  uint64 // output bits not yet taken, the earliest on top
	queued uint
}

// newGrain seeds the register with the description of the instance, each number with its most
// significant bit first: kind of field (2 bits, 1 = prime), S-box (4 bits, 0 = x^alpha), bits
// of the modulus (12), width (12), full rounds (10), partial rounds (10), then 30 ones. The
// first 160 bits are discarded.
func newGrain(t, full, partial int) *grain {
	var g grain
	n := uint(0)
	push := func(v, width int) {
		for i := width - 1; i >= 0; i-- {
			bit := uint64(v>>i) & 1
			g.lo |= bit << n // no bit at all once n >= 64
			if n >= 64 {
				g.hi |= bit << (n - 64)
			}
			n++
		}
	}
	push(1, 2)
	push(0, 4)
	push(fr.Bits, 12)
	push(t, 12)
	push(full, 10)
	push(partial, 10)
	push(1<<30-1, 30)
	for range 160 / 16 {
		g.step()
	}
	return &g
}

// step makes 16 bits, s[n+80] = s[n+62] + s[n+51] + s[n+38] + s[n+23] + s[n+13] + s[n], and
// returns them, the first one lowest. No tap reaches a bit of the same step: 62 + 15 < 80.
func (g *grain) step() uint64 {
	next := (g.lo>>62 | g.hi<<2) ^ (g.lo>>51 | g.hi<<13) ^ g.lo>>38 ^ g.lo>>23 ^ g.lo>>13 ^ g.lo
	next &= 1<<16 - 1
	g.lo, g.hi = g.lo>>16|g.hi<<48, next
	return next
}

// bits returns the next n <= 32 output bits, the earliest most significant. The register's
// new bits are read in pairs: (1, b) gives b, (0, b) gives nothing.
func (g *grain) bits(n uint) uint64 {
	for g.queued < n {
		pairs := g.step()
		for range 8 {
			keep := pairs & 1
			g.queue = g.queue<<keep | pairs>>1&keep
			g.queued += uint(keep)
			pairs >>= 2
		}
	}
	g.queued -= n
	return g.queue >> g.queued & (1<<n - 1)
}

// integer returns the next 254 output bits as a big-endian integer.
func (g *grain) integer() (b [fr.Bytes]byte) {
	b[0] = byte(g.bits(fr.Bits % 8))
	for i := 1; i < len(b); i++ {
		b[i] = byte(g.bits(8))
	}
	return b
}

// uniform returns the next integer that is below the modulus.
func (g *grain) uniform() (e fr.Element) {
	for {
		b := g.integer()
		if e.SetBytesCanonical(b[:]) == nil {
			return e
		}
	}
}

// reduced returns the next integer modulo the modulus.
func (g *grain) reduced() (e fr.Element) {
	b := g.integer()
	return *e.SetBigInt(new(big.Int).SetBytes(b[:]))
}
