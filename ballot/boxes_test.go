package ballot

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof"
)

// boxes gives a draft n boxes in all.
func boxes(tb testing.TB, n, copies int) func(*Draft) {
	return func(d *Draft) {
		for i := range n - 1 {
			origin := fmt.Sprintf("log%d.example.org", i+2)
			_, key, err := note.GenerateKey(rand.Reader, origin)
			require.NoError(tb, err)
			d.Boxes = append(d.Boxes, LogInfo{origin, key})
		}
		d.Copies = copies
	}
}

func TestManifestNamesUpToSixteenBoxes(t *testing.T) {
	for _, c := range []struct{ boxes, copies int }{{1, 0}, {2, 1}, {2, 2}, {3, 2}, {16, 16}} {
		d, _ := draft(t)
		boxes(t, c.boxes, c.copies)(&d)
		m, err := NewManifest(d)
		require.NoError(t, err)
		parsed, err := ParseManifest(m.Bytes())
		require.NoError(t, err)
		require.Equal(t, d.Log, parsed.Log())
		require.Equal(t, append([]LogInfo{d.Log}, d.Boxes...), parsed.Logs())
		require.Equal(t, max(1, c.copies), parsed.Copies())
		parsed.Logs()[0].Origin = "changed"
		require.Equal(t, d.Log, parsed.Logs()[0])
		for _, member := range []string{`"boxes":`, `"copies":`} {
			require.Equal(t, c.boxes > 1, bytes.Contains(m.Bytes(), []byte(member)), "a manifest with one box has neither member")
		}
	}
}

func TestManifestRefusesBoxes(t *testing.T) {
	for name, test := range map[string]struct {
		want string
		edit func(*Draft)
	}{
		"17 boxes":              {"17 boxes, at most 16", boxes(t, 17, 2)},
		"copies of one box":     {"1 copies with one box", boxes(t, 1, 1)},
		"no copies":             {"0 copies", boxes(t, 2, 0)},
		"negative copies":       {"-1 copies", boxes(t, 2, -1)},
		"more copies than box":  {"3 copies", boxes(t, 2, 3)},
		"no origin":             {"box 2: origin", func(d *Draft) { boxes(t, 3, 1)(d); d.Boxes[0].Origin = "" }},
		"another's origin":      {"box 3: ", func(d *Draft) { boxes(t, 3, 1)(d); d.Boxes[1].Origin = d.Boxes[0].Origin }},
		"key of small order":    {"small order", func(d *Draft) { boxes(t, 2, 1)(d); d.Boxes[0].Key = logKeyOf(t, d.Boxes[0].Origin, [32]byte{1}) }},
		"the first box again":   {"box 3: origin or key is used twice", func(d *Draft) { boxes(t, 2, 1)(d); d.Boxes = append(d.Boxes, d.Log) }},
		"a further box again":   {"box 3: origin or key is used twice", func(d *Draft) { boxes(t, 2, 1)(d); d.Boxes = append(d.Boxes, d.Boxes[0]) }},
		"one key, two origins":  {"box 2: origin or key is used twice", func(d *Draft) { oneKey(t, d, "b.example.org", "a.example.org") }},
		"one origin, two keys ": {"box 2: origin or key is used twice", func(d *Draft) { boxes(t, 2, 1)(d); d.Boxes[0] = otherKeyOf(t, d.Log.Origin) }},
	} {
		d, _ := draft(t)
		test.edit(&d)
		_, err := NewManifest(d)
		require.ErrorIs(t, err, ErrMalformed, name)
		require.ErrorContains(t, err, test.want, name)
		raw, err := wire.MarshalCanonical(d.document())
		require.NoError(t, err)
		_, err = ParseManifest(raw)
		require.ErrorIs(t, err, ErrMalformed, name)
	}

	d, _ := draft(t)
	boxes(t, 2, 1)(&d)
	m, err := NewManifest(d)
	require.NoError(t, err)
	for _, change := range [][2]string{{`"boxes":[{`, `"boxes":[],"x":[{`}, {`"copies":1`, `"copies":"1"`}, {`"copies":1`, `"copies":null`}} {
		changed := strings.Replace(string(m.Bytes()), change[0], change[1], 1)
		require.NotEqual(t, string(m.Bytes()), changed)
		_, err := ParseManifest([]byte(changed))
		require.ErrorIs(t, err, ErrMalformed, change[1])
	}
	d, _ = draft(t)
	m, err = NewManifest(d)
	require.NoError(t, err)
	for _, extra := range []string{`{"boxes":[],`, `{"boxes":null,`, `{"boxes":[],"copies":0,`} {
		_, err := ParseManifest([]byte(extra + string(m.Bytes()[1:])))
		require.ErrorIs(t, err, ErrMalformed, extra)
	}
}

// oneKey gives two boxes of different origins one key.
func oneKey(t *testing.T, d *Draft, a, b string) {
	public := [32]byte{1: 1}
	for ; ; public[0]++ { // to a point
		if key, err := note.NewEd25519VerifierKey(a, public[:]); err == nil {
			if _, err := checkLogKey(key); err == nil {
				break
			}
		}
	}
	d.Log = LogInfo{a, logKeyOf(t, a, public)}
	d.Boxes, d.Copies = []LogInfo{{b, logKeyOf(t, b, public)}}, 1
}

func otherKeyOf(tb testing.TB, origin string) LogInfo {
	_, key, err := note.GenerateKey(rand.Reader, origin)
	require.NoError(tb, err)
	return LogInfo{origin, key}
}

// A voter who was served by other boxes before is not locked out of one that lacks those ballots.
func TestRulebookOfSeveralBoxesAllowsGaps(t *testing.T) {
	m := newElection(t, boxes(t, 2, 1)).m // the limit is 3
	r := NewRulebook(m)
	require.NoError(t, r.Check(stub(m, 1, 1, 0, 1, 0)))
	_, _, err := r.Apply(stub(m, 1, 1, 0, 1, 0), 7)
	require.NoError(t, err)
	for _, number := range []uint32{0, 1} {
		err := r.Check(stub(m, 1, 1, 0, number, 9))
		require.ErrorIs(t, err, ErrSequence, "not above the last one")
		require.ErrorContains(t, err, "at least 2 wanted")
	}
	require.ErrorIs(t, r.Check(stub(m, 1, 2, 0, 2, 0)), ErrSequence, "another key")
	index, replaced, err := r.Apply(stub(m, 1, 1, 0, 3, 0), 8)
	require.NoError(t, err)
	require.True(t, replaced)
	require.EqualValues(t, 7, index)
	require.ErrorContains(t, r.Check(stub(m, 1, 1, 0, 2, 0)), "no further ballot")

	one := NewRulebook(newElection(t).m)
	err = one.Check(stub(&Manifest{id: one.election}, 1, 1, 0, 1, 0))
	require.ErrorIs(t, err, ErrSequence, "with one box there are no gaps")
	require.ErrorContains(t, err, "sequence number 1, 0 wanted")
}

func TestAttack43GapsNeitherLockOutNorFlood(t *testing.T) {
	m := newElection(t, boxes(t, 3, 2)).m
	limit := m.Revote().Limit
	r := NewRulebook(m)
	for _, number := range []uint32{limit + 1, 1<<32 - 1} {
		require.ErrorIs(t, r.Check(stub(m, 1, 1, 0, number, 0)), ErrSequence)
	}
	accepted := 0
	for number := range uint32(20) {
		for content := range byte(3) {
			if _, _, err := r.Apply(stub(m, 1, 1, 0, number, content), uint64(accepted)); err == nil {
				accepted++
			}
		}
	}
	require.EqualValues(t, limit+1, accepted, "a box holds no more ballots of a voter than with one box")

	_, _, err := r.Apply(stub(m, 2, 2, 0, limit, 0), 100)
	require.NoError(t, err)
	_, sequence, _ := r.Last(proof.Nullifier{31: 2})
	require.Equal(t, limit, sequence)
	require.NoError(t, r.Check(stub(m, 3, 3, 0, 0, 0)), "who spends her own numbers at once takes none from others")
}
