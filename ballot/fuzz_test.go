package ballot

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/wire"
)

// within fails if f takes longer than any honest input could.
func within(t *testing.T, f func()) {
	t.Helper()
	start := time.Now()
	f()
	require.Less(t, time.Since(start), 20*time.Second)
}

func FuzzParseManifest(f *testing.F) {
	f.Add(newElection(f).m.Bytes())
	for _, s := range samples() {
		f.Add(electionOf(f, s.rule, s.options).m.Bytes())
	}
	f.Add([]byte(`{"format":"scrutin/manifest/v1"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		within(t, func() {
			m, err := ParseManifest(raw)
			if err != nil {
				require.ErrorIs(t, err, ErrMalformed)
				return
			}
			require.Equal(t, raw, m.Bytes())
			again, err := NewManifest(m.draft)
			require.NoError(t, err)
			require.Equal(t, m.ID(), again.ID())
			require.LessOrEqual(t, m.BallotBytes(), MaxBallotBytes)
		})
	})
}

// Any rule, for any number of options and total weight, is refused or makes a layout within the limits; and bits that satisfy
// it, which start from those of a vote and are changed by the data, are a vote again, with the same counts.
func FuzzRule(f *testing.F) {
	for _, s := range samples() {
		raw, err := wire.MarshalCanonical(ruleDocument{s.rule})
		require.NoError(f, err)
		f.Add(raw, uint16(s.options), uint64(11304), []byte{})
		f.Add(raw, uint16(s.options), uint64(1), []byte{0, 1, 7})
	}
	for _, test := range ruleErrors {
		raw, err := wire.MarshalCanonical(ruleDocument{test.rule})
		require.NoError(f, err)
		f.Add(raw, uint16(6), uint64(1)<<30, []byte{})
	}
	f.Fuzz(func(t *testing.T, raw []byte, n uint16, total uint64, flip []byte) {
		within(t, func() {
			var doc ruleDocument
			if wire.UnmarshalCanonical(raw, &doc) != nil {
				return
			}
			q := question("q", doc.Rule, optionIDs(int(n%300))...)
			l, err := compileRule(doc.Rule, q.Options, total)
			if err != nil {
				require.ErrorIs(t, err, ErrMalformed)
				return
			}
			if r, ok := doc.Rule.(Judgment); ok && r.checkTitles(r.Grades[0].Title.languages()) != nil {
				return // as the manifest does
			}
			require.LessOrEqual(t, l.bits, MaxBits)
			require.LessOrEqual(t, len(l.constraints), MaxConstraints)
			require.LessOrEqual(t, len(l.forms), MaxCiphertexts)
			b := make([]uint8, l.bits)
			require.NoError(t, doc.Rule.fill(b, q.Options, voteOf(q)))
			require.True(t, l.satisfied(b))
			for i := 0; i+1 < len(flip); i += 2 {
				b[(int(flip[i])<<8|int(flip[i+1]))%l.bits] ^= 1
			}
			if !l.satisfied(b) {
				return
			}
			again := make([]uint8, l.bits)
			require.NoError(t, doc.Rule.fill(again, q.Options, doc.Rule.read(b, q.Options)))
			require.True(t, l.satisfied(again))
			require.Equal(t, countsOf(t, l, b), countsOf(t, l, again))
		})
	})
}

// The data replaces a part of a valid ballot, so that the fuzzer gets past the length.
func FuzzParseBallot(f *testing.F) {
	e := newElection(f)
	valid := e.ballot(f, e.credential(f), 0).Bytes()
	v := e.verifier(f)
	f.Add(uint16(0), valid)
	f.Add(uint16(129), []byte{1})
	f.Add(uint16(len(valid)-96), make([]byte, 96))
	f.Fuzz(func(t *testing.T, at uint16, data []byte) {
		within(t, func() {
			if b, err := ParseBallot(e.m, data); err == nil {
				require.Equal(t, data, b.Bytes())
			}

			raw := bytes.Clone(valid)
			copy(raw[min(int(at), len(raw)):], data)
			b, err := ParseBallot(e.m, raw)
			if err != nil {
				return
			}
			require.Equal(t, raw, b.Bytes())
			if !bytes.Equal(raw, valid) {
				require.Error(t, v.Verify(context.Background(), b))
			}
		})
	})
}

// One step of an honest prover is changed by the data, and the ballot is signed: whatever comes out, a
// verifier says the same of it alone and among others.
func FuzzSingleAndBatchVerdictsAgree(f *testing.F) {
	e := newElection(f)
	c := e.credential(f)
	s := e.sealed(f, c)
	good := e.ballot(f, e.credential(f), 0)
	single, batch := e.verifier(f), e.verifier(f)
	f.Add(uint8(0), uint8(1), uint8(0), []byte{1})
	f.Add(uint8(1), uint8(2), uint8(3), []byte{0, 255})
	f.Add(uint8(0), uint8(0), uint8(0), []byte{})
	f.Add(uint8(1), uint8(3), uint8(6), []byte{7})
	f.Fuzz(func(t *testing.T, question, step, which uint8, data []byte) {
		var wide [64]byte
		copy(wide[:], data)
		d := scalar(0)
		d.SetUniformBytes(wide[:])
		delta := randomPoint()
		delta.ScalarBaseMul(&d)
		b := e.deviate(t, c, 0, s, func(q, n int, p *arguer, cs []ciphertext) {
			if q != int(question%2) || n != int(step%4) {
				return
			}
			switch n {
			case 0:
				if which%2 == 0 {
					cs[0].A.Add(&cs[0].A, &delta)
				} else {
					b := &p.b[int(which)%len(p.b)]
					b.Add(b, &d)
				}
			case 1, 2:
				point := p.points()[int(which)%(4*n-2)]
				point.Add(point, &delta)
			case 3:
				s := p.scalars()[int(which)%len(p.scalars())]
				s.Add(s, &d)
			}
		})
		want := single.Verify(context.Background(), b)
		require.Equal(t, len(e.failing(t, b)) == 0, want == nil)
		verdicts, err := batch.VerifyBatch(context.Background(), []*Ballot{good, b, good, b})
		require.NoError(t, err)
		require.Equal(t, []error{nil, want, nil, want}, verdicts)
	})
}
