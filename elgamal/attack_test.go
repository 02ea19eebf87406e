package elgamal_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/transcript"
)

// A share is proved for one transcript, verification key and list of sums, and for its own points.
func TestAttack01EveryPartOfAShare(t *testing.T) {
	d := deal(t, 2, 3)
	sums := d.encrypt(3, 1)
	s := d.share(t, 1, sums)
	shift := mul(randomScalar(), g)
	type part struct {
		tr    *transcript.Transcript
		y     *babyjub.Point
		sums  []elgamal.Ciphertext
		share *elgamal.Share
	}
	for name, change := range map[string]func(p *part){
		"election":   func(p *part) { p.tr = opening("f", 1, 1) },
		"checkpoint": func(p *part) { p.tr = opening("e", 2, 1) },
		"trustee":    func(p *part) { p.tr = opening("e", 1, 2) },
		"protocol": func(p *part) {
			p.tr = transcript.New("another")
			p.tr.Absorb("election", []byte("e"))
			p.tr.AbsorbUint64("checkpoint", 1)
			p.tr.AbsorbUint64("trustee", 1)
		},
		"used":      func(p *part) { p.tr.Challenge("c", 64) },
		"key":       func(p *part) { p.y = d.keys[1] },
		"key + G":   func(p *part) { p.y = add(p.y, g) },
		"A":         func(p *part) { p.sums[0].A.Add(&p.sums[0].A, shift) },
		"B":         func(p *part) { p.sums[1].B.Add(&p.sums[1].B, shift) },
		"exchanged": func(p *part) { p.sums[0], p.sums[1] = p.sums[1], p.sums[0] },
		"exchanged, and D": func(p *part) {
			p.sums[0], p.sums[1] = p.sums[1], p.sums[0]
			p.share.D[0], p.share.D[1] = p.share.D[1], p.share.D[0]
		},
		"fewer":         func(p *part) { p.sums = p.sums[:1] },
		"fewer, and D":  func(p *part) { p.sums, p.share.D = p.sums[:1], p.share.D[:1] },
		"D":             func(p *part) { p.share.D[1].Add(&p.share.D[1], shift) },
		"doubled, all":  func(p *part) { p.sums[0].Add(&p.sums[0], &p.sums[0]); p.share.D[0].Double(&p.share.D[0]) },
		"A, D together": func(p *part) { p.sums[0].A.Add(&p.sums[0].A, g); p.share.D[0].Add(&p.share.D[0], d.keys[0]) },
	} {
		p := part{opening("e", 1, 1), d.keys[0], slices.Clone(sums), &elgamal.Share{D: slices.Clone(s.D), Proof: s.Proof}}
		change(&p)
		require.ErrorIs(t, p.share.Verify(p.tr, p.y, p.sums), elgamal.ErrInvalid, name)
	}
}

// A forger proves honestly for one list, keeps the weights and the challenge, and solves for other sums or other D
// that give the same combinations: the weights of the statement found are others.
func TestAttack01ShareSolvedForItsStatement(t *testing.T) {
	d := deal(t, 2, 3)
	x, y := d.secrets[0], d.keys[0]
	sums := d.encrypt(3, 1, 4)
	shift := mul(randomScalar(), g)
	for name, solve := range map[string]func(s *elgamal.Share, e []babyjub.Scalar, sums []elgamal.Ciphertext){
		"D": func(s *elgamal.Share, e []babyjub.Scalar, _ []elgamal.Ciphertext) {
			s.D[0].Add(&s.D[0], mul(&e[1], shift))
			s.D[1].Sub(&s.D[1], mul(&e[0], shift))
		},
		"A": func(_ *elgamal.Share, e []babyjub.Scalar, sums []elgamal.Ciphertext) {
			sums[0].A.Add(&sums[0].A, mul(&e[1], shift))
			sums[1].A.Sub(&sums[1].A, mul(&e[0], shift))
		},
		"A and D": func(s *elgamal.Share, e []babyjub.Scalar, sums []elgamal.Ciphertext) {
			for i, sign := range []*babyjub.Scalar{small(1), new(babyjub.Scalar).Neg(small(1))} {
				k := new(babyjub.Scalar).Mul(sign, &e[1-i])
				sums[i].A.Add(&sums[i].A, mul(k, shift))
				s.D[i].Add(&s.D[i], mul(new(babyjub.Scalar).Mul(k, x), shift))
			}
		},
	} {
		s, e := prove(opening("e", 1, 1), x, y, sums, trueD(x, sums))
		forged := slices.Clone(sums)
		var before, after babyjub.Point
		before = babyjub.VarTimeMultiScalarMul(e, masksOf(sums))
		solve(s, e, forged)
		after = babyjub.VarTimeMultiScalarMul(e, masksOf(forged))
		require.True(t, before.Equal(&after), "%s: the combination is what it was under the old weights", name)
		require.ErrorIs(t, d.verify(s, 1, forged), elgamal.ErrInvalid, name)
	}
}

func masksOf(sums []elgamal.Ciphertext) []babyjub.Point {
	var out []babyjub.Point
	for k := range sums {
		out = append(out, sums[k].A)
	}
	return out
}

func TestAttack03EveryBitOfAShare(t *testing.T) {
	d := deal(t, 2, 3)
	sums := d.encrypt(3)
	good := d.share(t, 1, sums).Bytes()
	decoded := 0
	for i := range 8 * len(good) {
		b := slices.Clone(good)
		b[i/8] ^= 1 << (i % 8)
		var s elgamal.Share
		if s.SetBytes(b) == nil {
			decoded++
			require.ErrorIs(t, d.verify(&s, 1, sums), elgamal.ErrInvalid, "bit %d", i)
		}
	}
	require.Positive(t, decoded)
}
