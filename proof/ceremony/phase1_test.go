package ceremony

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	pairings "github.com/consensys/gnark-crypto/ecc/bn254/mpcsetup"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/proof/prover"
)

// few powers are enough to test with.
const few = 8

// firstPhase is a first phase of one's own, by two.
var firstPhase = sync.OnceValue(func() fstest.MapFS {
	files := fstest.MapFS{}
	p := must(openPhase1(context.Background(), files, small, few))
	for i, name := range names[:2] {
		files[Phase1File(i+1)] = &fstest.MapFile{Data: must(p.Contribute(name))}
	}
	powers := must(p.Seal(beacon))
	files[PowersFile] = &fstest.MapFile{Data: powers.Bytes()}
	files[OriginFile] = &fstest.MapFile{Data: must(powers.OriginBytes())}
	return files
})

func TestPowersOfOnesOwn(t *testing.T) {
	files := firstPhase()
	p, _, err := openPowers(context.Background(), files, small, few) // replays the phase
	require.NoError(t, err)
	origin := p.Origin()
	require.Empty(t, origin.Source)
	require.Len(t, origin.Contributions, 2)
	require.Equal(t, names[1], origin.Contributions[1].Name)
	require.True(t, origin.Beacon.equal(&beacon))

	// Powers of another first phase, or that nobody contributed to.
	start := must(newPowers(small, knownPowers(few, random(), random(), random()), Origin{Source: source}))
	_, _, err = openPowers(context.Background(), with(files, PowersFile, func([]byte) []byte { return start.Bytes() }), small, few)
	require.ErrorIs(t, err, ErrForeign)
	forged := &Powers{relation: small, srs: start.srs, origin: origin, digest: start.digest}
	lying := with(with(files, PowersFile, func([]byte) []byte { return start.Bytes() }), OriginFile, func([]byte) []byte { return must(forged.OriginBytes()) })
	_, _, err = openPowers(context.Background(), lying, small, few)
	require.ErrorIs(t, err, ErrForeign)
	require.ErrorContains(t, err, "not what the contributions in phase1 end in")
}

func TestOpensAFirstPhase(t *testing.T) {
	p, err := OpenPhase1(t.Context(), fstest.MapFS{}, small)
	require.NoError(t, err)
	require.Empty(t, p.Contributions())
	_, err = OpenPhase1(t.Context(), fstest.MapFS{}, prover.Relation{})
	require.ErrorContains(t, err, "depth 0")
}

// Another contributor, and other bytes that say the same.
func TestRejectsAnotherOriginOfTheSamePowers(t *testing.T) {
	files := firstPhase()
	for name, c := range map[string]struct {
		kind     error
		old, new string
	}{
		"a name":   {ErrForeign, names[0], "Augusta Ada King"},
		"a space":  {ErrMalformed, "{", "{ "},
		"no JSON":  {ErrMalformed, "{", ""},
		"a digest": {ErrForeign, hex.EncodeToString(must(openPhase1(t.Context(), files, small, few)).made[0].Digest[:]), strings.Repeat("00", 32)},
	} {
		edited := with(files, OriginFile, func(b []byte) []byte { return bytes.Replace(b, []byte(c.old), []byte(c.new), 1) })
		require.NotEqual(t, files[OriginFile].Data, edited[OriginFile].Data, name)
		_, _, err := openPowers(t.Context(), edited, small, few)
		require.ErrorIs(t, err, c.kind, name)
		require.ErrorContains(t, err, OriginFile, name)
	}
}

func TestRejectsContributionsToTheFirstPhase(t *testing.T) {
	files := firstPhase()
	first, second := files[Phase1File(1)].Data, files[Phase1File(2)].Data
	begin := func() *Phase1 { return must(openPhase1(context.Background(), fstest.MapFS{}, small, few)) }
	shape := begin().shape()
	body := len(first) - shapeSize(shape)

	_, err := begin().Seal(beacon)
	require.ErrorIs(t, err, ErrOrder)
	require.ErrorIs(t, begin().append(second), ErrOrder)
	_, err = openPhase1(context.Background(), with(files, Phase1File(1), nil), small, few)
	require.ErrorIs(t, err, ErrOrder)

	// Lengths and flags that gnark would follow, a point that is not on the curve, points of another place, a challenge.
	for name, bad := range map[string]struct {
		want error
		edit func(b []byte)
	}{
		"n":            {ErrMalformed, func(b []byte) { binary.BigEndian.PutUint64(b[3*(packed1+packed2):], 1<<60) }},
		"uncompressed": {ErrMalformed, func(b []byte) { b[0] &= 0x3f }},
		"infinity":     {ErrMalformed, func(b []byte) { b[len(b)-33-packed1] = 0x40 }},
		"2^254-1":      {ErrMalformed, func(b []byte) { copy(b[len(b)-33-packed1:], bytes.Repeat([]byte{0xff}, packed1)) }},
		"last byte":    {ErrInvalid, func(b []byte) { b[len(b)-1] ^= 1 }},
		"last alpha":   {ErrInvalid, func(b []byte) { b[len(b)-33-packed1] ^= 0x40 }},
		"a proof":      {ErrInvalid, func(b []byte) { b[0] ^= 0x40 }},
	} {
		b := bytes.Clone(first)
		bad.edit(b[body:])
		err := begin().append(b)
		require.ErrorIs(t, err, bad.want, name)
		require.ErrorContains(t, err, names[0], name)
	}
	_, err = openPhase1(context.Background(), with(files, Phase1File(1), func(b []byte) []byte { return b[:len(b)-1] }), small, few)
	require.ErrorIs(t, err, ErrMalformed)
	require.ErrorContains(t, err, "phase1/0001.contribution")

	// Proofs about tau = 1: gnark would take them.
	one := begin()
	idle := must(one.Contribute("Mallory"))
	for i, what := range []string{"tau", "alpha", "beta"} {
		b := bytes.Clone(idle)
		_, _, g1, _ := bn254.Generators()
		packed := g1.Bytes()
		copy(b[len(b)-shapeSize(shape)+i*(packed1+packed2):], packed[:])
		err := begin().append(b)
		require.ErrorIs(t, err, ErrInvalid)
		require.ErrorContains(t, err, "leaves "+what+" as it was")
	}
	_, err = one.Contribute("Mallory")
	require.ErrorIs(t, err, ErrOrder)

	// What is refused leaves the phase as it was.
	p := begin()
	for _, name := range []string{"", "A\nda"} {
		_, err = p.Contribute(name)
		require.ErrorIs(t, err, ErrMalformed, "%q", name)
	}
	require.NoError(t, begin().append(must(p.Contribute("Ada"))))
	must(p.Contribute("Grace"))
	_, err = p.Seal(Beacon{})
	require.ErrorIs(t, err, ErrMalformed)
	must(p.Seal(beacon))

	// After its end.
	ended := must(openPhase1(context.Background(), files, small, few))
	must(ended.Seal(beacon))
	_, err = ended.Contribute("Mallory")
	require.ErrorIs(t, err, ErrOrder)
	_, err = ended.Seal(beacon)
	require.ErrorIs(t, err, ErrOrder)
}

func TestRejectsPowersThatAreNone(t *testing.T) {
	good := must(newPowers(small, knownPowers(few, random(), random(), random()), Origin{Source: source}))
	require.NoError(t, checkPowers(&good.srs))
	n := len(good.srs.G2.Tau)
	_, _, g1, g2 := bn254.Generators()
	for name, edit := range map[string]func(p *Powers){
		"first":             func(p *Powers) { p.srs.G1.Tau[0] = p.srs.G1.Tau[1] },
		"first in G2":       func(p *Powers) { p.srs.G2.Tau[0] = p.srs.G2.Tau[1] },
		"last tau":          func(p *Powers) { p.srs.G1.Tau[2*n-2] = g1 },
		"one tau":           func(p *Powers) { p.srs.G1.Tau[n-1].Double(&p.srs.G1.Tau[n-1]) },
		"last tau in G2":    func(p *Powers) { p.srs.G2.Tau[n-1] = g2 },
		"last alpha":        func(p *Powers) { p.srs.G1.AlphaTau[n-1] = p.srs.G1.AlphaTau[n-2] },
		"last beta":         func(p *Powers) { p.srs.G1.BetaTau[n-1] = p.srs.G1.BetaTau[n-2] },
		"alpha for beta":    func(p *Powers) { p.srs.G1.BetaTau = p.srs.G1.AlphaTau },
		"beta in G2":        func(p *Powers) { p.srs.G2.Beta.Double(&p.srs.G2.Beta) },
		"another tau in G2": func(p *Powers) { p.srs.G2.Tau = knownPowers(n, random(), random(), random()).G2.Tau },
	} {
		p := Powers{srs: makeRoom(n)}
		copy(p.srs.G1.Tau, good.srs.G1.Tau)
		copy(p.srs.G1.AlphaTau, good.srs.G1.AlphaTau)
		copy(p.srs.G1.BetaTau, good.srs.G1.BetaTau)
		copy(p.srs.G2.Tau, good.srs.G2.Tau)
		p.srs.G2.Beta = good.srs.G2.Beta
		edit(&p)
		require.Error(t, checkPowers(&p.srs), name)
	}
	one := random()
	one.SetOne()
	for _, srs := range []Powers{
		{srs: knownPowers(4, one, random(), random())},
		{srs: knownPowers(4, random(), one, random())},
		{srs: knownPowers(4, random(), random(), one)},
	} {
		require.NoError(t, pairings.SameRatioMany(srs.srs.G1.Tau, srs.srs.G2.Tau), "powers, but of 1")
		require.ErrorContains(t, checkPowers(&srs.srs), "nobody contributed")
	}
}
