package multiexp

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"
)

func sumG1(points []bn254.G1Affine, scalars []fr.Element) bn254.G1Jac {
	s := NewG1(points, scalars)
	Parallel(runtime.GOMAXPROCS(0), s.Windows(), s.Window)
	return s.Sum()
}

func sumG2(points []bn254.G2Affine, scalars []fr.Element) bn254.G2Jac {
	s := NewG2(points, scalars)
	Parallel(runtime.GOMAXPROCS(0), s.Windows(), s.Window)
	return s.Sum()
}

func randomScalars(n int) []fr.Element {
	s := make(fr.Vector, n)
	s.MustSetRandom()
	return s
}

func pointsG1(n int) []bn254.G1Affine {
	_, _, g, _ := bn254.Generators()
	return bn254.BatchScalarMultiplicationG1(&g, randomScalars(n))
}

func pointsG2(n int) []bn254.G2Affine {
	_, _, _, g := bn254.Generators()
	return bn254.BatchScalarMultiplicationG2(&g, randomScalars(n))
}

// edges are the scalars at which digits, carries and buckets are extreme.
func edges() (out []fr.Element) {
	add := func(b *big.Int) {
		var e fr.Element
		out = append(out, *e.SetBigInt(b))
	}
	for i := range uint(254) {
		p := new(big.Int).Lsh(big.NewInt(1), i)
		add(p)
		add(new(big.Int).Sub(p, big.NewInt(1)))
		add(new(big.Int).Neg(p))
	}
	return out
}

// The sum is gnark-crypto's, for random and extreme scalars, for points of which many are equal, opposite or infinity.
func TestSumsAreGnarkCryptos(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 10, 100, 700, 3000} {
		p1, p2 := pointsG1(n), pointsG2(n)
		for name, change := range map[string]func(i int, s *fr.Element){
			"random":  func(int, *fr.Element) {},
			"extreme": func(i int, s *fr.Element) { e := edges(); *s = e[i%len(e)] },
			"bits":    func(i int, s *fr.Element) { *s = fr.NewElement(uint64(i % 2)) },
			"mostly bits": func(i int, s *fr.Element) {
				if i%7 > 0 {
					*s = fr.NewElement(uint64(i % 2))
				}
			},
			"all equal":     func(_ int, s *fr.Element) { *s = fr.NewElement(1<<40 + 12345) },
			"all minus one": func(_ int, s *fr.Element) { s.SetOne().Neg(s) },
			"small":         func(i int, s *fr.Element) { *s = fr.NewElement(uint64(i)) },
			"64 bits":       func(_ int, s *fr.Element) { *s = fr.NewElement(1<<64 - 1) },
			"all zero":      func(_ int, s *fr.Element) { s.SetZero() },
			"one not zero": func(i int, s *fr.Element) {
				if i > 0 {
					s.SetZero()
				}
			},
			"equal in pairs": func(i int, s *fr.Element) { *s = fr.NewElement(uint64(i / 2)) },
		} {
			scalars := randomScalars(n)
			for i := range scalars {
				change(i, &scalars[i])
			}
			check(t, fmt.Sprintf("%s, %d points", name, n), p1, p2, scalars)
		}
		// Few different points, their opposites, and infinity, so that everything meets in the buckets.
		for i := range p1 {
			switch k := rand.IntN(4); rand.IntN(4) {
			case 0:
				p1[i], p2[i] = p1[min(k, n-1)], p2[min(k, n-1)]
			case 1:
				p1[i].Neg(&p1[min(k, n-1)])
				p2[i].Neg(&p2[min(k, n-1)])
			case 2:
				p1[i].SetInfinity()
				p2[i].SetInfinity()
			}
		}
		for _, bits := range []int{1, 2, 3, 254} {
			scalars := randomScalars(n)
			for i := range scalars {
				if bits < 254 {
					scalars[i] = fr.NewElement(rand.Uint64N(1 << bits))
				}
			}
			check(t, fmt.Sprintf("few points, %d of them, scalars of %d bits", n, bits), p1, p2, scalars)
		}
	}
}

func check(t *testing.T, name string, p1 []bn254.G1Affine, p2 []bn254.G2Affine, scalars []fr.Element) {
	t.Helper()
	var want1 bn254.G1Jac
	var want2 bn254.G2Jac
	if len(p1) > 0 {
		_, err := want1.MultiExp(p1, scalars, ecc.MultiExpConfig{})
		require.NoError(t, err)
		_, err = want2.MultiExp(p2, scalars, ecc.MultiExpConfig{})
		require.NoError(t, err)
	}
	got1, got2 := sumG1(p1, scalars), sumG2(p2, scalars)
	require.True(t, got1.Equal(&want1), "G1, %s", name)
	require.True(t, got2.Equal(&want2), "G2, %s", name)
}

// Every width recomposes to the scalar.
func TestDigits(t *testing.T) {
	scalars := append(edges(), randomScalars(20)...)
	for width := 2; width <= 16; width++ {
		d := newDigits(scalars, width)
		for i := range scalars {
			sum := new(big.Int)
			for k := d.windows - 1; k >= 0; k-- {
				digit := int64(d.values[k*d.n+i])
				require.True(t, -1<<(width-1) <= digit && digit < 1<<(width-1), "digit %d of width %d", digit, width)
				sum.Lsh(sum, uint(width)).Add(sum, big.NewInt(digit))
			}
			require.Zero(t, sum.Cmp(scalars[i].BigInt(new(big.Int))), "%v in width %d", &scalars[i], width)
		}
	}
}

func TestLengthsMustAgree(t *testing.T) {
	require.Panics(t, func() { NewG1(pointsG1(2), randomScalars(1)) })
	require.Panics(t, func() { NewG2(pointsG2(1), randomScalars(2)) })
}

func TestParallelCallsEachOnce(t *testing.T) {
	for _, workers := range []int{1, 2, 7} {
		for _, n := range []int{0, 1, 5, 100} {
			seen := make([]int, n)
			Parallel(workers, n, func(i int) { seen[i]++ })
			for i := range seen {
				require.Equal(t, 1, seen[i])
			}
		}
	}
}

func BenchmarkMultiExp(b *testing.B) {
	config := ecc.MultiExpConfig{NbTasks: runtime.GOMAXPROCS(0)}
	for _, n := range []int{4096, 19000} {
		p, s := pointsG1(n), randomScalars(n)
		b.Run(fmt.Sprintf("G1/n=%d/scrutin", n), func(b *testing.B) {
			for b.Loop() {
				sumG1(p, s)
			}
		})
		b.Run(fmt.Sprintf("G1/n=%d/gnark-crypto", n), func(b *testing.B) {
			var sum bn254.G1Jac
			for b.Loop() {
				_, err := sum.MultiExp(p, s, config)
				require.NoError(b, err)
			}
		})
	}
	p, s := pointsG2(4096), randomScalars(4096)
	b.Run("G2/n=4096/scrutin", func(b *testing.B) {
		for b.Loop() {
			sumG2(p, s)
		}
	})
	b.Run("G2/n=4096/gnark-crypto", func(b *testing.B) {
		var sum bn254.G2Jac
		for b.Loop() {
			_, err := sum.MultiExp(p, s, config)
			require.NoError(b, err)
		}
	})
}
