package tally

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/internal/wire"
)

func TestTranscriptRoundTrips(t *testing.T) {
	r := newFilelessRun(t, 3, 2)
	for n := 0; ; n++ { // at every point of the run
		c, err := ParseCeremony(r.c.Transcript())
		require.NoError(t, err)
		require.Equal(t, string(r.c.Transcript()), string(c.Transcript()))
		require.Equal(t, r.c.Status(), c.Status())
		require.Equal(t, r.c.ID(), c.ID())
		require.Equal(t, r.c.Roster(), c.Roster())
		if r.c.Status().Done {
			require.Equal(t, 15, n)
			break
		}
		r.step(r.c.Status().Awaited[0])
	}
	// With evidence in it.
	r.add(r.say(2, []byte("another")), r.sayAt(RoundCommit, 1, [32]byte{}, nil), r.sayAt(RoundDeal, 0, [32]byte{}, nil))
	c, err := ParseCeremony(r.c.Transcript())
	require.NoError(t, err)
	require.Equal(t, string(r.c.Transcript()), string(c.Transcript()))
}

func TestAttack27OneDocumentForEachCeremony(t *testing.T) {
	r := newFilelessRun(t, 3, 2)
	r.play()
	good := string(r.c.Transcript())
	var d ceremonyDocument
	require.NoError(t, wire.UnmarshalCanonical([]byte(good), &d))
	with := func(messages ...wire.Hex) string {
		e := d
		e.Messages = messages
		return string(mustMarshal(e))
	}
	require.Equal(t, good, with(d.Messages...))
	swapped := slices.Clone(d.Messages)
	swapped[3], swapped[4] = swapped[4], swapped[3]
	foreign := newFilelessRun(t, 3, 2)
	foreign.play()
	for name, c := range map[string]struct {
		document string
		kind     error
	}{
		"empty":               {"", ErrMalformed},
		"null":                {"null", ErrMalformed},
		"space":               {good + "\n", ErrMalformed},
		"unknown field":       {strings.Replace(good, `{"format"`, `{"a":1,"format"`, 1), ErrMalformed},
		"duplicate field":     {strings.Replace(good, `{"format"`, `{"format":"scrutin/ceremony/v1","format"`, 1), ErrMalformed},
		"other format":        {strings.Replace(good, "ceremony/v1", "ceremony/v2", 1), ErrMalformed},
		"upper case":          {strings.Replace(good, `"messages":["01`, `"messages":["AB`, 1), ErrMalformed},
		"null messages":       {strings.Replace(with(), `[]`, `null`, 1), ErrMalformed},
		"not in order":        {with(swapped...), ErrMalformed},
		"reversed":            {with(reversed(d.Messages)...), ErrMalformed},
		"a message twice":     {with(append(slices.Clone(d.Messages), d.Messages[14])...), ErrMalformed},
		"too many":            {with(slices.Repeat(d.Messages, 3)...), ErrMalformed},
		"an empty message":    {with(append(slices.Clone(d.Messages), nil)...), ErrMalformed},
		"a forged message":    {with(append(slices.Clone(d.Messages[:14]), flipped(d.Messages[14]))...), ErrInvalid},
		"a foreign message":   {with(append(slices.Clone(d.Messages[:14]), foreign.sent[14])...), ErrForeign},
		"a foreign roster":    {strings.Replace(good, `"a test"`, `"another"`, 1), ErrForeign},
		"a short key":         {strings.Replace(good, `"organiser":"`, `"organiser":"","x":"`, 1), ErrMalformed},
		"a threshold of 4":    {strings.Replace(good, `"threshold":2`, `"threshold":4`, 1), ErrInvalid},
		"a threshold of 2.0":  {strings.Replace(good, `"threshold":2`, `"threshold":2.0`, 1), ErrMalformed},
		"too long a document": {good + strings.Repeat(" ", maxCeremonyFile), ErrMalformed},
	} {
		_, err := ParseCeremony([]byte(c.document))
		require.ErrorIs(t, err, c.kind, name)
		if name == "too many" {
			require.ErrorContains(t, err, "45 messages, at most 40 have a place")
		}
	}
	for n := 0; n < len(good); n += 97 {
		_, err := ParseCeremony([]byte(good[:n]))
		require.ErrorIs(t, err, ErrMalformed, "%d bytes", n)
	}
	short := d
	short.Roster.Organiser = short.Roster.Organiser[:63]
	_, err := ParseCeremony(mustMarshal(short))
	require.ErrorIs(t, err, ErrMalformed)
	short = d
	short.Roster.Trustees = slices.Clone(d.Roster.Trustees)
	short.Roster.Trustees[1].Key = short.Roster.Trustees[1].Key[:63]
	_, err = ParseCeremony(mustMarshal(short))
	require.ErrorIs(t, err, ErrMalformed)
	require.ErrorContains(t, err, "the key of trustee 2 has 63 bytes")
}

func reversed(m []wire.Hex) []wire.Hex {
	m = slices.Clone(m)
	slices.Reverse(m)
	return m
}

func flipped(m wire.Hex) wire.Hex {
	m = bytes.Clone(m)
	m[len(m)-1] ^= 1
	return m
}

// A name that a manifest refuses is refused before the ceremony, whose keys serve only once.
func TestNamesAreTheManifests(t *testing.T) {
	key := newFilelessRun(t, 2, 2).c.Roster().Trustees[0].Key
	for _, name := range []string{
		"Ann", "A\u200bnn", "A\u00adnn", "A\u2060nn", "A\ufeffnn", "A\u3164nn", "A\u202enn", "A\nnn", "A\u2028nn", "A\ue000nn",
		"A\U000e0041nn", "A\u034fnn", "\u0645\u06cc\u200c\u062e", "A\u0600", "A\ufe0f", "A\u180enn", " Ann", "Ann ", "", "a\u0301",
		strings.Repeat("a", ballot.MaxNameBytes), strings.Repeat("a", ballot.MaxNameBytes+1), "\xff", "\ufffd", "\ufdd0",
	} {
		run := newFilelessRun(t, 2, 2)
		roster := run.c.Roster()
		roster.Trustees[0].Name = name
		_, here := NewCeremony(roster)
		var there error
		electiontest.New(t, electiontest.Config{Edit: func(d *ballot.Draft) {
			draft := *d
			draft.Trustees = slices.Clone(d.Trustees)
			draft.Trustees[0] = ballot.Trustee{Name: name, Key: key}
			_, there = ballot.NewManifest(draft)
		}})
		require.Equal(t, there == nil, here == nil, "%q: a manifest says %v, a roster %v", name, there, here)
	}
}

// A document of many small elements takes many times its length in memory once it is decoded.
func TestDocumentOfManyElementsIsRefusedUnread(t *testing.T) {
	const tail = `],"roster":{"context":"","organiser":"","threshold":0,"trustees":null}}`
	document := []byte(`{"format":"scrutin/ceremony/v1","messages":[""` + strings.Repeat(`,""`, 1<<20) + tail)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := ParseCeremony(document)
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, ErrMalformed)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(len(document)))

	r := newFilelessRun(t, ballot.MaxTrustees, 2) // the most commas that a name can have
	roster := r.c.Roster()
	roster.Context = strings.Repeat(",", MaxContextBytes)
	for i := range roster.Trustees {
		roster.Trustees[i].Name = strings.Repeat(",", ballot.MaxNameBytes-2) + fmt.Sprintf("%02d", i)
	}
	c, err := NewCeremony(roster)
	require.NoError(t, err)
	_, err = ParseCeremony(c.Transcript())
	require.NoError(t, err)
}

func TestQuorumIsTheManifests(t *testing.T) {
	for n := 2; n <= ballot.MaxTrustees; n++ {
		for threshold := 2; threshold <= n; threshold++ {
			r := Roster{Threshold: threshold, Trustees: make([]ballot.Trustee, n)}
			q := r.quorum()
			require.GreaterOrEqual(t, q, threshold)
			require.LessOrEqual(t, q, n)
			require.GreaterOrEqual(t, 2*q-n, threshold, "two quorums share t trustees")
			require.Less(t, 2*(q-1)-n, threshold, "one fewer would not do")
		}
	}
	require.Equal(t, bare().Manifest.Quorum(), (&Roster{Threshold: bare().Manifest.Threshold(), Trustees: bare().Manifest.Trustees()}).quorum())
}

// Add takes any bytes: no panic, and a refused message leaves no trace.
func FuzzAdd(f *testing.F) {
	r := newFilelessRun(f, 2, 2)
	r.play()
	for _, m := range r.sent {
		f.Add(m)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := NewCeremony(r.c.Roster())
		require.NoError(t, err)
		empty := c.Transcript()
		if c.Add(raw) != nil {
			require.Equal(t, empty, c.Transcript())
			return
		}
		require.True(t, slices.ContainsFunc(r.sent, func(m []byte) bool { return bytes.Equal(m, raw) }), "a forged message")
	})
}

// A trustee may sign anything: whatever the body, the ceremony goes on, blames her, or is void,
// and says the same whoever replays it.
func FuzzBody(f *testing.F) {
	base := newFilelessRun(f, 5, 3)
	base.play()
	for round := range rounds {
		f.Add(byte(round), base.c.slots[round][2].first.body)
		f.Add(byte(round), []byte{2})
	}
	f.Add(byte(RoundVerdict), append([]byte{verdictComplaint}, make([]byte, complaintSize+4)...))
	f.Fuzz(func(t *testing.T, round byte, body []byte) {
		r := *base
		r.t, r.sent = t, nil
		r.c, _ = NewCeremony(base.c.Roster())
		at := Round(round % byte(rounds))
		for _, raw := range base.sent {
			if m := base.c.find(raw); m.round < at || m.round == at && m.author != 2 {
				r.c.put(&message{round: m.round, author: m.author, prev: m.prev, body: m.body, raw: m.raw, digest: m.digest})
			}
		}
		author := 2
		if round >= 128 {
			author = 0
		}
		if len(body) > r.c.roster.maxBody() {
			return
		}
		m := r.sayAt(at, author, r.c.now().prev, body)
		require.NoError(t, r.c.Add(m))
		st := r.c.Status()
		if author == 2 {
			require.Empty(t, st.Void)
			require.True(t, st.Round > at || st.Done, "the run goes on")
		}
		again, err := ParseCeremony(r.c.Transcript())
		require.NoError(t, err)
		require.Equal(t, st, again.Status())
	})
}

func FuzzParseCeremony(f *testing.F) {
	r := newFilelessRun(f, 2, 2)
	f.Add(r.c.Transcript())
	r.play()
	f.Add(r.c.Transcript())
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCeremony(b)
		if err == nil {
			require.Equal(t, string(b), string(c.Transcript()))
			c.Status()
		}
	})
}

var sinkStatus Status

func BenchmarkReplayCeremony(b *testing.B) {
	for _, size := range []struct {
		name string
		n, t int
	}{{"3 of 5", 5, 3}, {"6 of 10", 10, 6}} {
		b.Run(size.name, func(b *testing.B) {
			r := newFilelessRun(b, size.n, size.t)
			r.play()
			document := r.c.Transcript()
			b.SetBytes(int64(len(document)))
			for b.Loop() {
				c, err := ParseCeremony(document)
				if err != nil {
					b.Fatal(err)
				}
				sinkStatus = c.Status()
			}
			if !sinkStatus.Done {
				b.Fatal("not done")
			}
		})
	}
}

func BenchmarkCeremony(b *testing.B) {
	for b.Loop() { // 3 of 5, all parties in one process, without their files
		r := newFilelessRun(b, 5, 3)
		r.play()
		sinkStatus = r.c.Status()
	}
	if !sinkStatus.Done {
		b.Fatal("not done")
	}
}
