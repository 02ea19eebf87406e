package box

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/internal/wire"
)

// another opens a second box of the same election, as an operator does who cheats.
func (s *stage) another(tb testing.TB) *Box {
	tb.Helper()
	s.dir = tb.TempDir()
	return s.open(tb)
}

// publish exports a box.
func publish(tb testing.TB, x *Box) fs.FS {
	tb.Helper()
	dir := tb.TempDir()
	require.NoError(tb, x.Export(dir))
	return os.DirFS(dir)
}

func (s *stage) openLog(tb testing.TB, files fs.FS) *Log {
	tb.Helper()
	l, err := OpenLog(files, s.Manifest)
	require.NoError(tb, err)
	return l
}

// evidence makes the evidence in err pass through its file, to a third party.
func (s *stage) evidence(tb testing.TB, err error, kind EvidenceKind) *Evidence {
	tb.Helper()
	var found *Evidence
	require.ErrorAs(tb, err, &found)
	require.Equal(tb, kind, found.Kind)
	read, err := ParseEvidence(s.Manifest, found.Bytes())
	require.NoError(tb, err)
	require.NoError(tb, read.Verify(s.Manifest))
	require.Equal(tb, found.Error(), read.Error())
	require.Contains(tb, read.Error(), "has cheated")
	return read
}

// frauds is an election whose operator does all that can be proven.
type frauds struct {
	*stage
	of map[EvidenceKind]*Evidence
}

func newFrauds(tb testing.TB) *frauds {
	tb.Helper()
	s := newStage(tb, electiontest.Config{Voters: 4})
	f := &frauds{s, map[EvidenceKind]*Evidence{}}
	var ballots []*ballot.Ballot
	for i := range 4 {
		ballots = append(ballots, s.Ballot(tb, i, 0, i))
	}
	opens := s.clock.Load()

	told := s.open(tb) // what voters 0, 1 and 2 are told
	for _, b := range ballots[:3] {
		s.cast(tb, told, b)
	}
	first, second, third := s.cast(tb, told, ballots[0]), s.cast(tb, told, ballots[1]), s.cast(tb, told, ballots[2])

	shown := s.another(tb) // what everybody is shown
	s.cast(tb, shown, ballots[0])
	s.cast(tb, shown, ballots[3])
	larger := s.another(tb)
	for _, i := range []int{0, 3, 1, 2} {
		s.cast(tb, larger, ballots[i])
	}
	s.seal(tb, shown)
	s.clock.Store(opens)
	closed, open := s.openLog(tb, publish(tb, shown)), publish(tb, larger)

	sameSize := s.another(tb)
	for _, i := range []int{0, 3, 2} {
		s.cast(tb, sameSize, ballots[i])
	}
	_, err := CheckConsistency(s.Manifest, told.Checkpoint(), sameSize.Checkpoint(), nil)
	f.of[Forked] = s.evidence(tb, err, Forked)
	_, err = CheckConsistency(s.Manifest, larger.Checkpoint(), closed.Checkpoint(), nil)
	f.of[Reopened] = s.evidence(tb, err, Reopened)
	_, err = CheckConsistency(s.Manifest, larger.Checkpoint(), told.Checkpoint(), open)
	f.of[Rewritten] = s.evidence(tb, err, Rewritten)
	f.of[Dropped] = s.evidence(tb, closed.Honours(s.Manifest, third, ballots[2]), Dropped)
	f.of[Replaced] = s.evidence(tb, closed.Honours(s.Manifest, second, ballots[1]), Replaced)

	// Voter 0's ballot is there, but her receipt promised a larger log than the closed one.
	s.evidence(tb, closed.Honours(s.Manifest, first, ballots[0]), Reopened)
	return f
}

func TestEveryFraudIsProven(t *testing.T) {
	f := newFrauds(t)
	require.Len(t, f.of, 5)
	for kind, want := range map[EvidenceKind]string{
		Forked:    "signed two roots of 3 ballots",
		Reopened:  "closed its log with 2 ballots, and signed one of 4",
		Rewritten: "of 3 ballots, and 4 ballots of which the first 3 have the root",
		Dropped:   "is number 2, and closed its log with 2 ballots",
		Replaced:  "signed that number 1 is the ballot with the leaf hash",
	} {
		require.Contains(t, f.of[kind].Error(), want)
		require.Contains(t, f.of[kind].Error(), origin(f.Manifest))
		other := newStage(t, electiontest.Config{})
		require.Error(t, f.of[kind].Verify(other.Manifest), "another operator")
		_, err := ParseEvidence(other.Manifest, f.of[kind].Bytes())
		require.Error(t, err)
	}
	require.NotPanics(t, func() { require.Contains(t, new(Evidence).Error(), "no known form") })
	require.ErrorIs(t, new(Evidence).Verify(f.Manifest), ballot.ErrMalformed)
	require.ErrorIs(t, (&Evidence{Kind: Forked}).Verify(f.Manifest), ballot.ErrMalformed)
}

// At whatever size a log is rewritten, the tiles of the larger one alone prove it.
func TestRewritingIsProvenAtAnySize(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	sizes := []int{1, 2, 3, 4, 7, 8, 255, 256, 257, 512, 513, 600}
	heads := func(entries [][]byte) (out []*Checkpoint, files fs.FS) {
		x := s.another(t)
		have := 0
		for _, size := range sizes {
			s.logBytes(t, x, entries[have:size]...)
			have = size
			out = append(out, x.Checkpoint())
		}
		return out, publish(t, x)
	}
	honest := numbered(600)
	told, ownFiles := heads(honest)
	for _, changed := range []int{0, 2, 255, 511} {
		rewritten := numbered(600)
		rewritten[changed] = []byte("another ballot")
		shown, files := heads(rewritten)
		last := shown[len(shown)-1]
		for i, c := range told[:len(told)-1] {
			p, err := CheckConsistency(s.Manifest, c, last, files)
			if sizes[i] <= changed { // the two logs are one up to here
				require.NoError(t, err)
				require.NoError(t, tlog.CheckTree(p, int64(last.Size), last.Hash, int64(c.Size), c.Hash))
				continue
			}
			s.evidence(t, err, Rewritten)
			_, err = CheckConsistency(s.Manifest, c, last, ownFiles)
			require.ErrorIs(t, err, ballot.ErrInvalid, "the tiles of the other log prove nothing")
			require.False(t, errors.As(err, new(*Evidence)))
			_, err = CheckConsistency(s.Manifest, c, last, nil)
			require.ErrorContains(t, err, "hash tiles are wanted")
		}
		for i, c := range told {
			_, err := CheckConsistency(s.Manifest, shown[i], c, nil)
			if sizes[i] <= changed {
				require.NoError(t, err)
			} else {
				s.evidence(t, err, Forked)
			}
		}
	}
}

// Two voters hold receipts for one number of the log. They need nobody else.
func TestAttack18TwoBallotsAtOneNumber(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 3})
	alice, bob, carol := s.Ballot(t, 0, 0, 0), s.Ballot(t, 1, 0, 0), s.Ballot(t, 2, 0, 0)
	x := s.open(t)
	ra := s.cast(t, x, alice)
	rc := s.cast(t, x, carol)
	require.NoError(t, CompareReceipts(s.Manifest, ra, alice, rc, carol))
	again := s.cast(t, x, alice)
	require.NotEqual(t, ra, again)
	require.NoError(t, CompareReceipts(s.Manifest, ra, alice, again, alice))

	y := s.another(t)
	rb := s.cast(t, y, bob)
	require.Equal(t, ra.Index, rb.Index)
	for _, r := range []*Receipt{ra, again} { // whatever the sizes of the two logs
		e := s.evidence(t, CompareReceipts(s.Manifest, r, alice, rb, bob), Replaced)
		require.NotContains(t, string(e.Bytes()), alice.Tracker())
	}
	require.ErrorIs(t, CompareReceipts(s.Manifest, ra, bob, rb, bob), ballot.ErrInvalid, "no receipt of bob's")
}

// An honest box is asked everything, at all times; whatever it said is put together in every way.
func TestNoEvidenceAgainstAnHonestBox(t *testing.T) {
	const voters = 5
	s := newStage(t, electiontest.Config{Voters: voters, Revotes: 1})
	x := s.open(t)
	type held struct {
		r *Receipt
		b *ballot.Ballot
	}
	var heads []*Checkpoint
	var receipts []held
	var logs []*Log
	var cast []*ballot.Ballot
	ask := func() {
		heads = append(heads, x.Checkpoint())
		logs = append(logs, s.openLog(t, publish(t, x)))
		for _, b := range cast {
			receipts = append(receipts, held{s.cast(t, x, b), b})
		}
	}
	ask()
	for i := range voters + 2 {
		cast = append(cast, s.Ballot(t, i%voters, uint32(i/voters), i))
		s.cast(t, x, cast[i])
		ask()
		if i == 3 { // in the middle of the poll, the operator's machine restarts
			require.NoError(t, x.Close())
			x = s.open(t)
			ask()
		}
	}
	s.seal(t, x)
	ask()
	require.NoError(t, x.Close())
	x = s.open(t)
	ask()

	final := logs[len(logs)-1]
	all := newTileTree(final.files, final.head)
	m := s.Manifest
	for _, a := range heads {
		for _, b := range heads {
			_, err := CheckConsistency(m, a, b, final.files)
			if max(a.Size, b.Size) == final.head.Size {
				require.NoError(t, err)
			}
			require.False(t, errors.As(err, new(*Evidence)))
		}
	}
	for _, h := range receipts {
		for _, l := range logs {
			err := l.Honours(m, h.r, h.b)
			if h.r.Checkpoint.Size <= l.head.Size {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, ErrBehind)
			}
		}
	}
	for _, g := range receipts {
		for _, h := range receipts {
			require.NoError(t, CompareReceipts(m, g.r, g.b, h.r, h.b))
		}
	}

	// Forgeries from true parts: every kind, every pair, every root, leaf and proof that exists.
	var roots []tlog.Hash
	var extensions []tlog.TreeProof
	var entries []entryProof
	for n := uint64(1); n <= final.head.Size; n++ {
		root, err := all.root(n)
		require.NoError(t, err)
		roots = append(roots, root)
		p, err := all.extension(n)
		require.NoError(t, err)
		extensions = append(extensions, p)
		leaf, q, err := all.inclusion(n - 1)
		require.NoError(t, err)
		entries = append(entries, entryProof{leaf, q}, entryProof{root, q})
	}
	for _, h := range receipts {
		entries = append(entries, entryProof{tlog.RecordHash(h.b.Bytes()), h.r.Proof})
	}
	distinct := map[[32]byte]*Checkpoint{}
	for _, c := range heads {
		distinct[c.Digest()] = c
	}
	tried := 0
	fails := func(e *Evidence) {
		tried++
		if e.verify(m) == nil {
			t.Fatalf("evidence against an honest box: %v", e)
		}
	}
	mapOf := map[uint64]fs.FS{}
	for _, l := range logs {
		mapOf[l.head.Size] = l.files
	}
	for _, a := range distinct {
		for _, b := range distinct {
			if a.Size >= 1 && a.Size < b.Size {
				p, err := CheckConsistency(m, a, b, mapOf[b.Size])
				require.NoError(t, err)
				fails(&Evidence{Kind: Rewritten, First: a, Second: b, root: a.Hash, extension: p}) // true, and no reproach
			}
			fails(&Evidence{Kind: Forked, First: a, Second: b})
			fails(&Evidence{Kind: Reopened, First: a, Second: b})
			for i, p := range extensions {
				fails(&Evidence{Kind: Rewritten, First: a, Second: b, root: roots[(i+1)%len(roots)], extension: p})
				if a.Size >= 1 && a.Size < b.Size {
					for _, root := range roots {
						if root != a.Hash {
							tried++
							require.Error(t, checkExtension(p, b, a.Size, root))
						}
					}
				}
			}
			for index := range final.head.Size + 1 {
				fails(&Evidence{Kind: Dropped, First: a, Second: b, index: index, entries: entries[:1]})
				var underA, underB []entryProof
				for _, p := range entries {
					if p.check(a, index) == nil {
						underA = append(underA, p)
					}
					if p.check(b, index) == nil {
						underB = append(underB, p)
					}
				}
				for i, p := range underA {
					for j, q := range underB {
						tried++
						require.Equal(t, p.leaf, q.leaf)
						if i == 0 && j == 0 {
							fails(&Evidence{Kind: Replaced, First: a, Second: b, index: index, entries: []entryProof{p, q}})
						}
					}
				}
			}
		}
	}
	require.Greater(t, tried, 3000)
}

// A log that is behind, that misses files or holds wrong ones proves nothing against its operator.
func TestWhatIsNoEvidence(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 3})
	x := s.open(t)
	b := s.Ballot(t, 0, 0, 0)
	s.cast(t, x, b)
	early := publish(t, x)
	late := s.Ballot(t, 1, 0, 0)
	r := s.cast(t, x, late)
	mine := s.cast(t, x, b)
	m := s.Manifest
	require.ErrorIs(t, s.openLog(t, early).Honours(m, r, late), ErrBehind)
	require.ErrorIs(t, s.openLog(t, early).Honours(m, mine, b), ErrBehind, "the ballot is there, the checkpoint is not")
	require.ErrorIs(t, s.openLog(t, early).Honours(m, r, b), ballot.ErrInvalid, "not the receipt of this ballot")

	s.cast(t, x, s.Ballot(t, 2, 0, 0))
	dir := t.TempDir()
	require.NoError(t, x.Export(dir))
	files := filesOf(t, dir)
	l := s.openLog(t, mapFS(files))
	require.NoError(t, l.Honours(m, r, late))
	whole := files["tile/0/000.p/3"]
	delete(files, "tile/0/000.p/3")
	require.ErrorIs(t, s.openLog(t, mapFS(files)).Honours(m, r, late), fs.ErrNotExist)
	for _, bad := range [][]byte{whole[:64], append(bytes.Clone(whole), 0), append(bytes.Clone(whole[:95]), whole[95]^1)} {
		files["tile/0/000.p/3"] = bad
		err := s.openLog(t, mapFS(files)).Honours(m, r, late)
		require.Error(t, err)
		require.False(t, errors.As(err, new(*Evidence)))
	}

	other := newStage(t, electiontest.Config{})
	_, err := CheckConsistency(m, x.Checkpoint(), other.open(t).Checkpoint(), nil)
	require.ErrorIs(t, err, ballot.ErrInvalid)
	changed := x.Checkpoint()
	changed.Hash[0] ^= 1
	_, err = CheckConsistency(m, x.Checkpoint(), changed, nil)
	require.ErrorContains(t, err, "not those that were signed")
	_, err = CheckConsistency(m, x.Checkpoint(), nil, nil)
	require.ErrorIs(t, err, ballot.ErrMalformed)
}

// The full tile stands in for a partial one that was removed.
func TestConsistencyAfterAPartialTileWentAway(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	x := s.open(t)
	s.logBytes(t, x, numbered(3)...)
	older := x.Checkpoint()
	s.logBytes(t, x, numbered(200)...)
	newer := x.Checkpoint()
	s.logBytes(t, x, numbered(100)...)
	dir := t.TempDir()
	require.NoError(t, x.Export(dir))
	require.NotContains(t, filesOf(t, dir), "tile/0/000.p/203")
	_, err := CheckConsistency(s.Manifest, older, newer, os.DirFS(dir))
	require.NoError(t, err)

	// A server that fails once is no fraud of the operator's.
	failed := false
	_, err = CheckConsistency(s.Manifest, older, newer, failsOnce{os.DirFS(dir), &failed})
	require.ErrorIs(t, err, errDisk)
	require.True(t, failed)

	// A tile that is cut is no tile, and no other hashes.
	for name, n := range map[string]int{"tile/0/000": 203*tlog.HashSize - 1, "tile/0/001.p/47": 46 * tlog.HashSize} {
		files := filesOf(t, dir)
		require.Contains(t, files, name)
		files[name] = files[name][:n]
		_, err := CheckConsistency(s.Manifest, older, map[string]*Checkpoint{"tile/0/000": newer, "tile/0/001.p/47": x.Checkpoint()}[name], mapFS(files))
		require.ErrorIs(t, err, ballot.ErrMalformed, name)
		require.ErrorContains(t, err, "wanted", name)
	}
}

// failsOnce is a file system of which the first tile does not open the first time.
type failsOnce struct {
	fs.FS
	failed *bool
}

func (f failsOnce) Open(name string) (fs.File, error) {
	if !*f.failed && strings.HasPrefix(name, "tile/") {
		*f.failed = true
		return nil, errDisk
	}
	return f.FS.Open(name)
}

func TestAttack27EvidenceHasOneEncoding(t *testing.T) {
	f := newFrauds(t)
	verdict := func(b []byte) error {
		e, err := ParseEvidence(f.Manifest, b)
		if err == nil {
			err = e.Verify(f.Manifest)
		}
		return err
	}
	for kind, e := range f.of {
		whole := e.Bytes()
		require.Less(t, len(whole), 2000)
		require.NoError(t, verdict(whole), kind)
		for i := 0; i < len(whole); i += 1 + i%7 {
			require.Error(t, verdict(whole[:i]), "%s cut to %d", kind, i)
			changed := bytes.Clone(whole)
			changed[i] ^= 1
			require.Error(t, verdict(changed), "%s, byte %d", kind, i)
		}
		for n := 1; n <= 100; n++ {
			require.ErrorIs(t, verdict(append(bytes.Clone(whole), strings.Repeat(" ", n)...)), ballot.ErrMalformed)
		}

		var members map[string]any
		require.NoError(t, json.Unmarshal(whole, &members))
		with := func(name string, value any) []byte {
			old, had := members[name]
			members[name] = value
			if value == nil {
				delete(members, name)
			}
			b, err := wire.MarshalCanonical(members)
			require.NoError(t, err)
			if delete(members, name); had {
				members[name] = old
			}
			return b
		}
		require.Equal(t, whole, with("format", evidenceFormat))
		entry := map[string]any{"leaf": strings.Repeat("ab", 32), "proof": []string{}}
		hashes := make([]string, 50)
		for i := range hashes {
			hashes[i] = hex.EncodeToString(make([]byte, 32))
		}
		for name, values := range map[string][]any{
			"format":  {nil, "", "scrutin/evidence/v2"},
			"kind":    {nil, "", "Forked", "stolen"},
			"first":   {nil, "", members["second"].(string) + "x"},
			"second":  {nil, "", members["first"]},
			"root":    {strings.Repeat("AB", 32), strings.Repeat("0", 64)},
			"proof":   {[]string{}, hashes},
			"index":   {-1, 1 << 48, 1.5, 12345},
			"entries": {[]any{}, []any{entry}, []any{entry, entry, entry}, []any{map[string]any{"leaf": entry["leaf"]}}, []any{map[string]any{"leaf": entry["leaf"], "proof": nil}}},
			"note":    {"x"},
		} {
			for _, v := range values {
				require.Error(t, verdict(with(name, v)), "%s: %s = %v", kind, name, v)
			}
		}
		for _, name := range []string{"root", "proof", "index", "entries"} {
			if _, has := members[name]; has {
				require.Error(t, verdict(with(name, nil)), "%s without %s", kind, name)
			}
		}
		if kind == Rewritten {
			require.ErrorIs(t, verdict(with("proof", hashes)), ballot.ErrMalformed)
		}
		if kind == Dropped {
			require.ErrorIs(t, verdict(with("index", 1<<48)), ballot.ErrMalformed)
			require.ErrorIs(t, verdict(with("entries", []any{map[string]any{"leaf": entry["leaf"], "proof": hashes}})), ballot.ErrMalformed)
		}
		for other := range f.of {
			if other != kind {
				require.Error(t, verdict(with("kind", other)), "%s as %s", kind, other)
			}
		}
	}
}

// The only ballot is dropped. Its proof has no hashes, and that has one spelling.
func TestTheOnlyBallotIsDropped(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 1})
	b := s.Ballot(t, 0, 0, 0)
	r := s.cast(t, s.open(t), b)
	empty := s.another(t)
	s.seal(t, empty)
	whole := s.evidence(t, s.openLog(t, publish(t, empty)).Honours(s.Manifest, r, b), Dropped).Bytes()
	for _, other := range []string{`"proof":null`, `"proof":[null]`, `"proof":{}`} {
		_, err := ParseEvidence(s.Manifest, bytes.Replace(whole, []byte(`"proof":[]`), []byte(other), 1))
		require.ErrorIs(t, err, ballot.ErrMalformed, other)
	}
}

// A box of one election, or a refusal, is not played off against a box of another.
func TestEvidenceWantsTwoCheckpointsOfOneBox(t *testing.T) {
	f := newFrauds(t)
	e := f.of[Forked]
	refusal := f.refused(t, f.another(t), nil, ballot.ErrMalformed)
	for name, foreign := range map[string][]byte{
		"a refusal":        refusal.Note,
		"another election": f.signNote(t, fmt.Sprintf("%s/%064x\n3\n%s\n", electiontest.Origin, 7, someRoot)),
		"no origin":        f.signNote(t, fmt.Sprintf("%s\n3\n%s\n", electiontest.Origin, someRoot)),
	} {
		changed := *e
		second := *e.Second
		second.Note = foreign
		changed.Second = &second
		_, err := ParseEvidence(f.Manifest, changed.Bytes())
		require.Error(t, err, name)
		require.Error(t, changed.Verify(f.Manifest), name)
	}
}

func TestAttack28HostileEvidence(t *testing.T) {
	f := newFrauds(t)
	quoted := strings.ReplaceAll(string(f.of[Forked].First.Note), "\n", `\n`)
	head := `{"entries":`
	for name, b := range map[string]string{
		"deep":        head + strings.Repeat("[", 1<<19),
		"many":        head + `[` + strings.Repeat("{},", 1<<17) + `{}],"first":"` + quoted + `"}`,
		"long proof":  `{"first":"` + quoted + `","format":"scrutin/evidence/v1","kind":"rewritten","proof":[` + strings.Repeat(`"`+strings.Repeat("0", 64)+`",`, 10000) + `""]}`,
		"long number": `{"index":` + strings.Repeat("9", 1<<19) + `}`,
		"too long":    strings.Repeat(" ", 1<<20+1),
		"long note":   `{"first":"` + strings.Repeat("a", 1<<19) + `","format":"scrutin/evidence/v1","kind":"forked","second":"x"}`,
	} {
		start := time.Now()
		_, err := ParseEvidence(f.Manifest, []byte(b))
		require.ErrorIs(t, err, ballot.ErrMalformed, name)
		require.Less(t, time.Since(start), 2*time.Second, name)
	}
}

// A receipt that the operator gave after the poll was closed, or a poll that was opened again.
func TestAttack29ReopenedPollIsProven(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 2})
	x := s.open(t)
	b, late := s.Ballot(t, 0, 0, 0), s.Ballot(t, 1, 0, 0)
	s.cast(t, x, b)
	s.seal(t, x)
	log := s.openLog(t, publish(t, x))

	s.clock.Store(s.Manifest.Opens())
	y := s.another(t)
	s.cast(t, y, b)
	r := s.cast(t, y, late)
	s.evidence(t, log.Honours(s.Manifest, r, late), Dropped)
	_, err := CheckConsistency(s.Manifest, log.Checkpoint(), y.Checkpoint(), nil)
	s.evidence(t, err, Reopened)
	s.seal(t, y)
	_, err = CheckConsistency(s.Manifest, y.Checkpoint(), log.Checkpoint(), nil)
	e := s.evidence(t, err, Reopened)
	require.Equal(t, log.Checkpoint().Note, e.First.Note, "of two closed ones, the smaller was to be the last")
}

func FuzzParseEvidence(f *testing.F) {
	frauds := newFrauds(f)
	for _, e := range frauds.of {
		f.Add(e.Bytes())
	}
	signed := map[string]bool{} // what the operator said
	for _, e := range frauds.of {
		signed[e.First.text()], signed[e.Second.text()] = true, true
	}
	f.Add([]byte(`{"first":"","format":"scrutin/evidence/v1","kind":"forked","second":""}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := ParseEvidence(frauds.Manifest, b)
		if err != nil {
			return
		}
		require.Equal(t, b, e.Bytes())
		require.NotEmpty(t, e.Error())
		if e.Verify(frauds.Manifest) == nil {
			require.True(t, signed[e.First.text()] && signed[e.Second.text()])
		}
	})
}

// Two boxes of one election are two operators: what one says is no evidence against the other.
func TestNoEvidenceAcrossBoxes(t *testing.T) {
	const second = "log.example.net/box"
	skey, vkey, err := note.GenerateKey(rand.Reader, second)
	require.NoError(t, err)
	e := electiontest.New(t, electiontest.Config{Edit: func(d *ballot.Draft) {
		d.Boxes, d.Copies = []ballot.LogInfo{{Origin: second, Key: vkey}}, 1
	}})
	m := e.Manifest
	signed := func(skey, logOrigin, rest string) []byte {
		signer, err := note.NewSigner(skey)
		require.NoError(t, err)
		b, err := note.Sign(&note.Note{Text: originOf(m, logOrigin) + "\n" + rest}, signer)
		require.NoError(t, err)
		return b
	}
	parse := func(b []byte) *Checkpoint {
		c, err := ParseCheckpoint(m, b)
		require.NoError(t, err)
		return c
	}
	root := tlog.RecordHash(nil).String()
	a := parse(signed(e.LogKey, electiontest.Origin, "7\n"+someRoot+"\nclosed\n"))
	b := parse(signed(skey, second, "7\n"+root+"\n"))
	larger := parse(signed(skey, second, "9\n"+root+"\n"))
	require.Equal(t, []int{1, 2, 2}, []int{a.Box, b.Box, larger.Box})
	for _, other := range []*Checkpoint{b, larger} {
		_, err := CheckConsistency(m, a, other, nil)
		require.ErrorIs(t, err, ballot.ErrMalformed)
		require.False(t, errors.As(err, new(*Evidence)))
	}
	require.ErrorIs(t, (&Evidence{Kind: Forked, First: a, Second: b}).Verify(m), ballot.ErrInvalid)
	require.ErrorIs(t, (&Evidence{Kind: Reopened, First: a, Second: larger}).Verify(m), ballot.ErrInvalid)

	// One box's log honours no receipt of another's.
	err = (&Log{head: a}).honours(m, &Receipt{Checkpoint: larger, Index: 8}, tlog.RecordHash(nil))
	require.ErrorIs(t, err, ballot.ErrMalformed)
	require.ErrorContains(t, err, "the receipt is of the box")

	// Nor does the second operator sign for the first.
	forged := signed(skey, electiontest.Origin, "7\n"+root+"\n")
	_, err = ParseCheckpoint(m, forged)
	require.ErrorIs(t, err, ballot.ErrInvalid)
	_, err = ParseEvidence(m, (&Evidence{Kind: Forked, First: a, Second: &Checkpoint{Note: forged}}).Bytes())
	require.ErrorIs(t, err, ballot.ErrInvalid)

	w := newGuardOf(t, m)
	_, err = w.Cosign(a.Note, nil)
	require.NoError(t, err)
	_, err = w.Cosign(larger.Note, nil)
	require.ErrorIs(t, err, ErrNotExtended, "a witness follows one box")
	require.False(t, errors.As(err, new(*Evidence)))
}

func newGuardOf(t *testing.T, m *ballot.Manifest) *Witness {
	t.Helper()
	skey, _, err := GenerateWitnessKey(witnessName)
	require.NoError(t, err)
	w, err := OpenWitness(filepath.Join(t.TempDir(), "w1"), m, WitnessConfig{Key: skey})
	require.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	return w
}
