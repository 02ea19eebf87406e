package poseidon

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	iden3 "github.com/iden3/go-iden3-crypto/poseidon"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/benchtest"
)

func ExampleHash2() {
	one, two := fr.NewElement(1), fr.NewElement(2)
	h := Hash2(&one, &two)
	fmt.Println(h.String())
	// Output: 7853200120776062878684798364095072458815029376092732009249414926327459813530
}

// cases returns inputs of n elements: the ends of the field and random ones.
func cases(n int) [][]fr.Element {
	out := make([][]fr.Element, 8)
	for k := range out {
		out[k] = make([]fr.Element, n)
		for i := range out[k] {
			switch e := &out[k][i]; k {
			case 0: // zeros
			case 1:
				e.SetOne()
			case 2:
				e.SetInt64(-1)
			case 3: // largest in Montgomery's form, on which the inner products run
				*e = fr.Element{q0 - 1, q1, q2, q3}
			default:
				e.MustSetRandom()
			}
		}
	}
	return out
}

func TestEqualsGoIden3Crypto(t *testing.T) {
	for n := 1; n <= MaxInputs; n++ {
		for k, in := range cases(n) {
			ints := make([]*big.Int, n)
			for i := range in {
				ints[i] = in[i].BigInt(new(big.Int))
			}
			want, err := iden3.Hash(ints)
			require.NoError(t, err)
			got := Hash(in...)
			require.Equal(t, want.String(), got.String(), "%d inputs, case %d", n, k)
		}
	}
}

// paper is the permutation as the Poseidon paper and a circuit compute it.
func paper(p *Params, inputs []fr.Element) fr.Element {
	state := append(make([]fr.Element, 1), inputs...)
	for r := range p.FullRounds + p.PartialRounds {
		add(state, p.RoundConstants[r*p.T:(r+1)*p.T])
		sbox(&state[0])
		if r < p.FullRounds/2 || r >= p.FullRounds/2+p.PartialRounds {
			for i := range inputs {
				sbox(&state[i+1])
			}
		}
		state = matrix(p.MDS).apply(state)
	}
	return state[0]
}

func TestParametersGiveTheHash(t *testing.T) {
	for n := 1; n <= MaxInputs; n++ {
		p := Parameters(n + 1)
		for k, in := range cases(n) {
			require.Equal(t, paper(p, in), Hash(in...), "%d inputs, case %d", n, k)
		}
	}
	p := Parameters(3)
	for range 500 {
		in := cases(2)[7]
		require.Equal(t, paper(p, in), Hash2(&in[0], &in[1]))
	}
}

// The first constants of width 3 in the authors' published list (poseidonperm_x5_254_3).
func TestConstantsArePublished(t *testing.T) {
	p := Parameters(3)
	require.Equal(t, 3, p.T)
	require.Equal(t, 8, p.FullRounds)
	require.Equal(t, 57, p.PartialRounds)
	require.Len(t, p.RoundConstants, 195)
	require.Equal(t, "ee9a592ba9a9518d05986d656f40c2114c4993c11bb29938d21d47304cd8e6e", p.RoundConstants[0].Text(16))
	require.Equal(t, "109b7f411ba0e4c9b2b70caf5c36a7b194be7c11ad24378bfedb68592ba8118b", p.MDS[0][0].Text(16))
}

func TestParametersBelongToTheCaller(t *testing.T) {
	p := Parameters(3)
	p.RoundConstants[7].SetZero()
	p.MDS[1][1].SetZero()
	q := Parameters(3)
	require.False(t, q.RoundConstants[7].IsZero())
	require.False(t, q.MDS[1][1].IsZero())
}

func TestPanicsOutsideTheWidths(t *testing.T) {
	require.Panics(t, func() { Hash() })
	require.Panics(t, func() { Hash(make([]fr.Element, 17)...) })
	require.Panics(t, func() { Parameters(1) })
	require.Panics(t, func() { Parameters(18) })
}

// The accumulators hold the largest terms there are.
func TestInnerProductsAtTheBound(t *testing.T) {
	top := fr.Element{q0 - 1, q1, q2, q3}
	for n := 1; n <= 33; n++ {
		a := make([]fr.Element, n)
		var want, square fr.Element
		for i := range a {
			a[i] = top
			want.Add(&want, square.Square(&top))
		}
		require.Equal(t, want, inner(a, a), "%d terms", n)
	}
	f3, f4 := form3{seed: top}, form4{seed: top}
	x3, x4 := [3]fr.Element{top, top, top}, [4]fr.Element{top, top, top, top}
	f3.row, f4.row = x3, x4
	constant := top // seed = 2^256 * constant
	radix := seed(fr.One())
	constant.Div(&constant, &radix)
	want3, want4 := inner(x3[:], x3[:]), inner(x4[:], x4[:])
	require.Equal(t, *want3.Add(&want3, &constant), f3.at(&x3))
	require.Equal(t, *want4.Add(&want4, &constant), f4.at(&x4))
}

func TestHash2AllocatesNothing(t *testing.T) {
	in := cases(2)[4]
	Hash2(&in[0], &in[1])
	require.Zero(t, testing.AllocsPerRun(10, func() { in[0] = Hash2(&in[0], &in[1]) }))
	require.Zero(t, testing.AllocsPerRun(10, func() { in[0] = Hash(in[0], in[1]) }))
}

// x-peer of two inputs is to be at most 0.5.
func BenchmarkHash(b *testing.B) {
	for _, n := range []int{2, 16} {
		b.Run(fmt.Sprintf("inputs=%d", n), func(b *testing.B) {
			const calls = 8
			ours, theirs := cases(n)[4], make([]*big.Int, n)
			for i := range theirs {
				theirs[i] = big.NewInt(int64(i))
			}
			ours[0] = Hash(ours...) // makes the constants
			benchtest.Beside(b, func() {
				for range calls {
					ours[0] = Hash(ours...)
				}
			}, calls, func() {
				for range calls {
					theirs[0], _ = iden3.Hash(theirs)
				}
			}, calls)
		})
	}
}

// What a program pays when it first uses a width.
func BenchmarkFirstUse(b *testing.B) {
	for _, t := range []int{3, 17} {
		b.Run(fmt.Sprintf("width=%d", t), func(b *testing.B) {
			for b.Loop() {
				newRecurrence(generate(t))
			}
		})
	}
}
