package tally

import (
	"bytes"
	crand "crypto/rand"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/babyjub"
)

func init() { scryptWorkFactor = 6 }

var passphrase = []byte("correct horse battery staple")

// run is a ceremony with all its parties.
type run struct {
	t         testing.TB
	dir       string
	c         *Ceremony
	organiser *Organiser
	trustees  []*Trustee // trustee j at j
	sent      [][]byte   // every message, in the order of sending
	act       map[seat]act
	corrupt   map[int]bool // trustees who acted, and whose journal is ignored since
}

// seat is a place in the transcript.
type seat struct {
	round  Round
	author int
}

// act replaces what an honest trustee would do in a round: it returns the messages to add.
type act func(r *run) [][]byte

// newFilelessRun starts a ceremony whose parties have no files: they do what Next and Close do, but for
// the journal.
func newFilelessRun(t testing.TB, n, threshold int) *run {
	t.Helper()
	vault := func(kind string) *vault {
		v := &vault{kind: kind, path: "no file"}
		crand.Read(v.seed[:])
		v.derive()
		return v
	}
	r := &run{t: t, organiser: &Organiser{vault("organiser")}, trustees: make([]*Trustee, n+1)}
	for j := 1; j <= n; j++ {
		r.trustees[j] = &Trustee{vault("trustee")}
	}
	return r.start(threshold)
}

// newRun starts a ceremony of parties with files.
func newRun(t testing.TB, n, threshold int) *run {
	t.Helper()
	r := &run{t: t, dir: t.TempDir(), trustees: make([]*Trustee, n+1)}
	var err error
	r.organiser, err = OpenOrganiser(filepath.Join(r.dir, "organiser"), passphrase)
	require.NoError(t, err)
	for j := 1; j <= n; j++ {
		r.trustees[j] = r.open(j)
	}
	return r.start(threshold)
}

func (r *run) start(threshold int) *run {
	r.t.Helper()
	roster := Roster{Context: "a test", Threshold: threshold, Organiser: r.organiser.Key()}
	for j := 1; j < len(r.trustees); j++ {
		roster.Trustees = append(roster.Trustees, ballot.Trustee{Name: fmt.Sprintf("T%d", j), Key: r.trustees[j].Key()})
	}
	r.act, r.corrupt = map[seat]act{}, map[int]bool{}
	var err error
	r.c, err = NewCeremony(roster)
	require.NoError(r.t, err)
	return r
}

func (r *run) path(j int) string { return filepath.Join(r.dir, fmt.Sprint("trustee", j)) }

func (r *run) open(j int) *Trustee {
	r.t.Helper()
	tr, err := OpenTrustee(r.path(j), passphrase)
	require.NoError(r.t, err)
	return tr
}

// play lets everybody send what they can until nobody has anything to send.
func (r *run) play() {
	r.t.Helper()
	for progress := true; progress; {
		progress = false
		for j := 1; j < len(r.trustees); j++ {
			progress = r.step(j) || progress
		}
	}
}

// playUntil stops before the round in which until is current.
func (r *run) playUntil(until Round) {
	r.t.Helper()
	for r.c.Status().Round < until {
		for j := 1; j < len(r.trustees); j++ {
			if r.c.Status().Round < until {
				r.step(j)
			}
		}
	}
	require.Equal(r.t, until, r.c.Status().Round)
}

func (r *run) step(j int) bool {
	st := r.c.Status()
	if st.Void != "" || !slices.Contains(st.Awaited, j) {
		return false
	}
	if act, ok := r.act[seat{st.Round, j}]; ok {
		messages := act(r)
		if len(messages) == 0 {
			return false // silent
		}
		delete(r.act, seat{st.Round, j})
		r.corrupt[j] = true
		r.add(messages...)
		return true
	}
	if m := r.c.slots[st.Round][j].first; m != nil {
		return false // stale: she sends no other
	}
	if r.corrupt[j] && st.Round == RoundSign { // her deal may not be hers
		r.add(r.say(j, r.c.now().key.digest[:]))
		return true
	}
	r.add(r.message(r.c, j))
	return true
}

// message is what trustee j sends in the current round of c.
func (r *run) message(c *Ceremony, j int) []byte {
	r.t.Helper()
	if r.dir != "" && !r.corrupt[j] {
		messages, err := r.trustees[j].Next(c)
		require.NoError(r.t, err)
		require.Len(r.t, messages, 1)
		return messages[0]
	}
	s := c.now()
	body, err := r.trustees[j].body(c, s, j)
	require.NoError(r.t, err)
	v := r.trustees[j].vault
	return newMessage(c.id, s.round, j, s.prev, body, &v.x, &v.y)
}

func (r *run) add(messages ...[]byte) {
	r.t.Helper()
	for _, m := range messages {
		require.NoError(r.t, r.c.Add(m))
		r.sent = append(r.sent, m)
	}
}

// say signs a message of author for the current round.
func (r *run) say(author int, body []byte) []byte {
	s := r.c.now()
	return r.sayAt(s.round, author, s.prev, body)
}

func (r *run) sayAt(round Round, author int, prev [32]byte, body []byte) []byte {
	v := r.vault(author)
	return newMessage(r.c.id, round, author, prev, body, &v.x, &v.y)
}

func (r *run) vault(author int) *vault {
	if author == 0 {
		return r.organiser.vault
	}
	return r.trustees[author].vault
}

// close has the organiser close the current round.
func (r *run) close() {
	r.t.Helper()
	if r.dir != "" {
		m, err := r.organiser.Close(r.c)
		require.NoError(r.t, err)
		r.add(m)
		return
	}
	var body []byte
	for _, j := range r.c.Status().Awaited {
		body = append(body, byte(j))
	}
	require.NoError(r.t, r.c.closable(r.c.now()))
	r.add(r.say(0, body))
}

// says is an act: sign this body instead.
func says(author int, body func(r *run) []byte) act {
	return func(r *run) [][]byte { return [][]byte{r.say(author, body(r))} }
}

// deals has dealer deal this body, after having committed to it.
func (r *run) deals(dealer int, body func(r *run) []byte) {
	r.act[seat{RoundCommit, dealer}] = says(dealer, func(r *run) []byte {
		d := commitDigest(r.c.id, dealer, body(r))
		return d[:]
	})
	r.act[seat{RoundDeal, dealer}] = says(dealer, body)
}

// silence is an act.
func silence(*run) [][]byte { return nil }

// replica replays messages in another order.
func (r *run) replica(messages [][]byte) *Ceremony {
	r.t.Helper()
	c, err := NewCeremony(r.c.Roster())
	require.NoError(r.t, err)
	for _, m := range messages {
		require.NoError(r.t, c.Add(m))
	}
	return c
}

// shuffled returns the messages in a random order, each once or several times.
func shuffled(messages [][]byte, seed uint64) [][]byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	var out [][]byte
	for _, m := range messages {
		for range 1 + rng.IntN(3)/2 {
			out = append(out, bytes.Clone(m))
		}
	}
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// requireOrderless replays the messages of r in many orders and wants one outcome.
func (r *run) requireOrderless() {
	r.t.Helper()
	want, transcript := r.c.Status(), r.c.Transcript()
	for seed := range uint64(2) {
		c := r.replica(shuffled(r.sent, seed))
		require.Equal(r.t, want, c.Status())
		require.Equal(r.t, string(transcript), string(c.Transcript()))
	}
	c, err := ParseCeremony(transcript)
	require.NoError(r.t, err)
	require.Equal(r.t, want, c.Status())
	require.Equal(r.t, string(transcript), string(c.Transcript()))
}

// share returns x_j.
func (r *run) share(j int) *babyjub.Scalar {
	r.t.Helper()
	x, err := r.trustees[j].secretShare(r.c, r.c.now(), j)
	require.NoError(r.t, err)
	return x
}

// disqualified returns the reason why j, and nobody else, is out.
func (r *run) disqualified(j int) Finding {
	r.t.Helper()
	st := r.c.Status()
	require.Len(r.t, st.Disqualified, 1, "%v", st.Disqualified)
	require.Equal(r.t, j, st.Disqualified[0].Trustee)
	return st.Disqualified[0]
}

func (r *run) digest() [32]byte {
	r.t.Helper()
	d, err := r.c.Digest()
	require.NoError(r.t, err)
	return d
}
