package box

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// nullified returns a ballot of voter n: b with another nullifier. Its proofs fail; it is for
// boxes that do not look.
func nullified(raw []byte, n uint64) []byte {
	out := append([]byte(nil), raw...)
	nullifier := sha256.Sum256(binary.BigEndian.AppendUint64(nil, n))
	nullifier[0] &= 0x0f // below the modulus
	copy(out[1+32:], nullifier[:])
	return out
}

func acceptAll(_ context.Context, b []*ballot.Ballot) ([]error, error) {
	return make([]error, len(b)), nil
}

// fill logs ballots of n voters that no verifier sees, in batches as large as can be.
func fill(tb testing.TB, s *stage, x *Box, from, n int) {
	tb.Helper()
	x.verify = acceptAll
	raw := smallBallot(tb, s, 0, 0).Bytes()
	for end := from + n; from < end; {
		var batch []*request
		for ; from < end && len(batch) < maxBatch; from++ {
			b, err := ballot.ParseBallot(s.Manifest, nullified(raw, uint64(from)))
			require.NoError(tb, err)
			batch = append(batch, newRequest(b))
		}
		x.queue.lead <- struct{}{}
		x.process(context.Background(), batch)
		for _, r := range batch {
			require.NoError(tb, r.err)
		}
	}
}

// An album is a directory of a box with a snapshot of its first five ballots of seven, and the
// state of that box.
type album struct {
	*stage
	snapshot []byte
	state    *Box // closed
}

func newAlbum(t *testing.T) *album {
	t.Helper()
	a := &album{stage: newStage(t, electiontest.Config{Voters: 2, Revotes: 1, Edit: oneQuestion})}
	x := a.open(t)
	x.policy = snapshotPolicy{end: 1, between: 1 << 20}
	a.cast(t, x, smallBallot(t, a.stage, 1, 0))
	a.cast(t, x, smallBallot(t, a.stage, 1, 1))
	fill(t, a.stage, x, 0, 3)
	require.NoError(t, x.Close())
	x = a.open(t)
	require.EqualValues(t, 5, x.covered)
	fill(t, a.stage, x, 3, 2)
	require.NoError(t, x.Close())
	var err error
	a.snapshot, err = os.ReadFile(filepath.Join(a.dir, snapshotName))
	require.NoError(t, err)
	a.state = x
	return a
}

// reopen opens the box with another content of the snapshot file, nil for none, checks that it
// is what it was, and returns how many ballots it took from the snapshot.
func (a *album) reopen(t *testing.T, content []byte) (covered uint64, log string) {
	t.Helper()
	name := filepath.Join(a.dir, snapshotName)
	if content == nil {
		require.NoError(t, os.Remove(name))
	} else {
		require.NoError(t, os.WriteFile(name, content, 0o600))
	}
	var lines bytes.Buffer
	c := a.config()
	c.Logger = slog.New(slog.NewTextHandler(&lines, nil))
	x, err := Open(a.dir, a.Manifest, c)
	require.NoError(t, err)
	require.Equal(t, a.state.hashes, x.hashes)
	require.Equal(t, a.state.places, x.places)
	require.Equal(t, a.state.finder, x.finder)
	require.Equal(t, a.state.rules, x.rules)
	require.Equal(t, a.state.head, x.head)
	require.Equal(t, a.state.journal.chain, x.journal.chain)
	require.NoError(t, x.Close())
	return x.covered, lines.String()
}

// parseSnapshot reads a whole snapshot, as opening a box does in two steps.
func parseSnapshot(m *ballot.Manifest, origin string, b []byte) (*snapshot, error) {
	signed, state, _ := bytes.Cut(b, []byte{0})
	n, err := parseSnapshotNote(m, origin, signed)
	if err != nil {
		return nil, err
	}
	return n.load(m, state)
}

func TestSnapshotStandsForTheBallotsThatItCovers(t *testing.T) {
	a := newAlbum(t)
	covered, log := a.reopen(t, a.snapshot)
	require.EqualValues(t, 5, covered)
	require.NotContains(t, log, "snapshot")
	covered, log = a.reopen(t, nil)
	require.Zero(t, covered)
	require.NotContains(t, log, "snapshot", "that there is none is nothing to warn of")
}

// Each byte of a snapshot: changed, or where it ends. The box is what its log says.
func TestNeverTrustsATamperedSnapshot(t *testing.T) {
	a := newAlbum(t)
	body := bytes.IndexByte(a.snapshot, 0)
	ignored := func(content []byte, what string) {
		t.Helper()
		covered, log := a.reopen(t, content)
		require.Zero(t, covered, what)
		require.Contains(t, log, "the snapshot is not used", what)
	}
	for at := 0; at < len(a.snapshot); at++ {
		if at > body+4 && at < len(a.snapshot)-4 && at%13 != 0 {
			continue // hashes
		}
		if at%3 > 0 && testing.Short() {
			continue
		}
		changed := bytes.Clone(a.snapshot)
		changed[at] ^= 1 << (at % 8)
		if _, err := parseSnapshot(a.Manifest, origin(a.Manifest), changed); err == nil {
			t.Fatalf("byte %d", at)
		}
		if at%29 == 0 || at == body {
			ignored(changed, "changed")
		}
	}
	for n := range a.snapshot {
		_, err := parseSnapshot(a.Manifest, origin(a.Manifest), a.snapshot[:n])
		require.Error(t, err, "%d bytes", n)
	}
	for n := 1; n <= 100; n++ {
		_, err := parseSnapshot(a.Manifest, origin(a.Manifest), append(bytes.Clone(a.snapshot), make([]byte, n)...))
		require.Error(t, err, "%d bytes more", n)
	}
	ignored([]byte{}, "empty")
	ignored(make([]byte, 1<<20), "longer than the journal")

	// A voter is struck off, and the checksum made to fit: there is no signature for it.
	state := a.snapshot[body+1:]
	struck := bytes.Clone(state)
	struck[5*32+41] ^= 1
	fitting := strings.Replace(string(a.snapshot[:body]), hexSum(state), hexSum(struck), 1)
	require.NotEqual(t, string(a.snapshot[:body]), fitting)
	ignored(append(append([]byte(fitting), 0), struck...), "a checksum that fits")
	text, _, _ := strings.Cut(fitting, "\n\n")
	other, _, err := note.GenerateKey(nil, electiontest.Origin)
	require.NoError(t, err)
	signer, err := note.NewSigner(other)
	require.NoError(t, err)
	signed, err := note.Sign(&note.Note{Text: text + "\n"}, signer)
	require.NoError(t, err)
	ignored(append(append(signed, 0), struck...), "signed by another key")

	covered, _ := a.reopen(t, a.snapshot)
	require.EqualValues(t, 5, covered)
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// The box signed these, of other journals: one with other ballots in records as long, one that is
// longer. So it went on elsewhere, and is not to go on here. One of another election with the
// same key says nothing of this one.
func TestRefusesASnapshotOfAnotherJournal(t *testing.T) {
	a := newAlbum(t)
	refused := func(content []byte, want string) {
		t.Helper()
		require.NoError(t, os.WriteFile(filepath.Join(a.dir, snapshotName), content, 0o600))
		before := filesOf(t, a.dir)
		_, err := Open(a.dir, a.Manifest, a.config())
		require.ErrorIs(t, err, ErrDamaged)
		require.ErrorContains(t, err, want)
		require.Equal(t, before, filesOf(t, a.dir), "nothing was changed")
	}
	other := newStage(t, electiontest.Config{})
	other.Election, other.verifier = a.Election, a.verifier
	x := other.open(t)
	x.policy.end = 1
	fill(t, other, x, 10, 1)
	fill(t, other, x, 11, 1)
	fill(t, other, x, 12, 3)
	require.NoError(t, x.Close())
	require.Equal(t, a.state.places[:5], x.places, "it looks alike")
	b, err := os.ReadFile(filepath.Join(other.dir, snapshotName))
	require.NoError(t, err)
	refused(b, "does not hold the 5 ballots, of ")
	refused(append(bytes.Clone(b), 0), "does not hold the 5 ballots, of ") // its state is of no use, its note is
	_, _ = a.reopen(t, a.snapshot)

	x = a.open(t)
	x.policy.end = 1
	older := copyDir(t, a.dir)
	fill(t, a.stage, x, 5, 2)
	require.NoError(t, x.Close())
	longer, err := os.ReadFile(filepath.Join(a.dir, snapshotName))
	require.NoError(t, err)
	a.dir = older
	refused(longer, "ends after 7 ballots; the snapshot covers 9")

	foreign := newStage(t, electiontest.Config{Edit: func(d *ballot.Draft) { d.Log = a.Manifest.Log() }})
	foreign.LogKey = a.LogKey
	y := foreign.open(t)
	y.policy.end = 1
	foreign.cast(t, y, foreign.Ballot(t, 0, 0, 0))
	require.NoError(t, y.Close())
	b, err = os.ReadFile(filepath.Join(foreign.dir, snapshotName))
	require.NoError(t, err)
	covered, log := a.reopen(t, b)
	require.Zero(t, covered)
	require.Contains(t, log, "not a snapshot of this box")
}

// Snapshots that the box signed, of this very journal, with a state that cannot be read, as
// another release may write them: the ballots are parsed, and nobody gets a second turn.
func TestDoesWithoutASignedSnapshotOfNoUse(t *testing.T) {
	a := newAlbum(t)
	b, err := os.ReadFile(filepath.Join(a.dir, snapshotName))
	require.NoError(t, err)
	signed, state, _ := bytes.Cut(b, []byte{0})
	n, err := parseSnapshotNote(a.Manifest, origin(a.Manifest), signed)
	require.NoError(t, err)
	empty, err := ballot.NewRulebook(newStage(t, electiontest.Config{}).Manifest).MarshalBinary()
	require.NoError(t, err)
	version := bytes.Clone(state)
	version[5*32] = 2
	for name, state := range map[string][]byte{
		"another version":             version,
		"another election":            append(bytes.Clone(state[:5*32]), empty...),
		"nothing":                     {},
		"leaves alone":                state[:5*32],
		"fewer leaves than it covers": state[:5*32-1],
		"a voter cut":                 state[:len(state)-1],
		"a byte too many":             append(bytes.Clone(state), 0),
	} {
		n.sum = sha256.Sum256(state)
		content := append(append(a.signNote(t, n.text(origin(a.Manifest))), 0), state...)
		s, err := parseSnapshot(a.Manifest, origin(a.Manifest), content)
		require.Error(t, err, name)
		require.Nil(t, s, name)
		covered, log := a.reopen(t, content)
		require.Zero(t, covered, name)
		require.Contains(t, log, "the snapshot is not used", name)

		x := a.open(t)
		require.Equal(t, 6, x.rules.Voters(), name)
		a.refused(t, x, smallBallot(t, a.stage, 1, 0).Bytes(), ballot.ErrSequence)
		require.NoError(t, x.Close())
	}
}

// A journal whose sums are right and whose ballots are not those of the snapshot is refused, with the
// snapshot as without.
func TestSnapshotHidesNoChangeOfTheJournal(t *testing.T) {
	a := newAlbum(t)
	name := filepath.Join(a.dir, journalName)
	whole, err := os.ReadFile(name)
	require.NoError(t, err)
	for at := 0; at < len(whole); at += 1 + at/3 {
		changed := bytes.Clone(whole)
		changed[at] ^= 1
		require.NoError(t, os.WriteFile(name, changed, 0o600))
		_, err := Open(a.dir, a.Manifest, a.config())
		require.ErrorIs(t, err, ErrDamaged, "byte %d", at)
	}

	// The first ballot's last byte, with a sum that fits.
	d := newMemDisk()
	j, err := openJournal(d, a.Manifest.ID(), true)
	require.NoError(t, err)
	for i, p := range a.state.places {
		raw := bytes.Clone(whole[p.offset():][:p.length()])
		if i == 0 {
			raw[len(raw)-1] ^= 1
		}
		_, err := j.append([][]byte{raw})
		require.NoError(t, err)
	}
	require.NoError(t, os.WriteFile(name, d.names[journalName].data, 0o600))
	_, err = Open(a.dir, a.Manifest, a.config())
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, "the snapshot covers")
	require.NoError(t, os.Remove(filepath.Join(a.dir, snapshotName)))
	_, err = Open(a.dir, a.Manifest, a.config())
	require.ErrorIs(t, err, ErrDamaged)
	require.ErrorContains(t, err, "the root of the first 7 ballots")
}

func TestSnapshotsAreTakenNowAndThen(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 1, Edit: oneQuestion})
	d := newMemDisk()
	x, err := open(d, s.Manifest, s.config())
	require.NoError(t, err)
	x.policy = snapshotPolicy{end: 300, between: 300}
	var sizes []uint64
	for i := range 12 {
		fill(t, s, x, i*maxBatch, maxBatch)
		if n := len(sizes); n == 0 || sizes[n-1] != x.covered {
			sizes = append(sizes, x.covered)
		}
	}
	require.Equal(t, []uint64{0, 512, 1024, 1536, 2048, 2560}, sizes)
	x.policy.between = 1
	for i := 12; i < 18; i++ {
		fill(t, s, x, i*maxBatch, maxBatch)
		if sizes[len(sizes)-1] != x.covered {
			sizes = append(sizes, x.covered)
		}
	}
	require.Equal(t, []uint64{3328, 4352}, sizes[6:], "a quarter more each time")
	fill(t, s, x, 18*maxBatch, 2)
	require.NoError(t, x.Close())
	require.EqualValues(t, 4352, x.covered, "too little has come")

	x, err = open(d, s.Manifest, s.config())
	require.NoError(t, err)
	require.EqualValues(t, 4352, x.covered)
	x.policy = snapshotPolicy{end: 3, between: 300}
	fill(t, s, x, 18*maxBatch+2, 1)
	sealed := s.seal(t, x)
	require.EqualValues(t, 4611, x.covered)
	x, err = open(d.crash(onlySynced), s.Manifest, s.config())
	require.NoError(t, err)
	require.EqualValues(t, 4611, x.covered)
	require.Equal(t, sealed, x.Checkpoint())
}

// A disk that has no room for a snapshot is still good for ballots.
func TestDoesWithoutASnapshot(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 1, Edit: oneQuestion})
	d := newMemDisk()
	x, err := open(d, s.Manifest, s.config())
	require.NoError(t, err)
	x.policy = snapshotPolicy{end: 1, between: 1}
	for i := range 3 {
		commit := d.count + 2 + 5 // operations, before those of the snapshot
		d.fail, d.how = commit+1+i, once
		fill(t, s, x, i, 1)
		require.Zero(t, d.fail, "it failed")
	}
	require.NotContains(t, d.names, snapshotName)
	require.Empty(t, d.names[snapshotName+".new"].data, "its room is given back")
	require.NoError(t, x.Close())
	x, err = open(d, s.Manifest, s.config())
	require.NoError(t, err)
	require.EqualValues(t, 3, x.Checkpoint().Size)
}

// With 64-bit starts of hashes that clash, each ballot is still found.
func TestFinderTellsLeavesApart(t *testing.T) {
	f := newFinder(0)
	var leaves tree
	for i := range byte(6) {
		leaf := [32]byte{i / 3, 31: i}
		_, ok := f.find(leaves, leaf)
		require.False(t, ok)
		require.NoError(t, leaves.add(uint64(i), leaf))
		f.add(uint64(i), leaf)
		require.EqualValues(t, i+1, f.count())
	}
	require.Len(t, f.first, 2)
	for i := range byte(6) {
		n, ok := f.find(leaves, [32]byte{i / 3, 31: i})
		require.True(t, ok)
		require.EqualValues(t, i, n)
	}
	_, ok := f.find(leaves, [32]byte{0, 31: 9})
	require.False(t, ok)
}
