package tally

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"runtime"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/electiontest"
)

func TestAggregateIsTheWeightedSum(t *testing.T) {
	key := base().Manifest.PublicKey()
	one := new(babyjub.Scalar).SetUint64(1)
	a := newAggregate(2)
	want := identities(2)
	add := func(m, weight uint64) []elgamal.Ciphertext {
		pair := []elgamal.Ciphertext{key.Encrypt(m, one), key.Encrypt(m+1, one)}
		a.add(pair, weight)
		return pair
	}
	for m, weight := range []uint64{1, 2, 3, 1 << 39, 1<<40 - 1, 0, 12, 1} {
		pair := add(uint64(m), weight)
		for k := range pair {
			var c elgamal.Ciphertext
			want[k].Add(&want[k], c.MulUint64(weight, &pair[k]))
		}
	}
	a.remove(add(7, 1<<39+5), 1<<39+5)
	got := a.sums()
	for k := range want {
		want[k].MulByCofactor(&want[k])
		require.True(t, got[k].Equal(&want[k]))
	}
	for _, c := range newAggregate(3).sums() {
		require.True(t, c.A.IsIdentity() && c.B.IsIdentity(), "no ballots")
	}
}

// TestBatchesDoNotChangeTheRecount replays one log with re-votes and faults in batches of
// every size.
func TestBatchesDoNotChangeTheRecount(t *testing.T) {
	p := newPoll(t, electiontest.Config{Voters: 4, Revotes: 2})
	at := func(voter int, sequence uint32, votes int) []byte {
		return p.Ballot(t, voter, sequence, votes).Bytes()
	}
	first := at(0, 0, 0)
	entries := [][]byte{
		first, at(1, 0, 0), at(0, 1, 1), []byte("no ballot"), at(1, 1, 1), at(2, 0, 3), at(0, 2, 2),
		first,       // Attack 20: the voter's own older ballot again
		at(0, 2, 0), // a second ballot with one number
		at(3, 1, 0), // not from 0
	}
	p.logged(t, true, entries...)
	dir, err := fs.Sub(p.files, LogDir)
	require.NoError(t, err)
	log, err := box.OpenLog(dir, p.Manifest)
	require.NoError(t, err)
	var want []elgamal.Ciphertext
	for most := 1; most < 25_000; most += 1500 {
		batches := 0
		r := newReplay(p.Manifest, p.Verifier(t), log, func(uint64, uint64) { batches++ })
		r.most = most
		require.NoError(t, r.run(context.Background()))
		switch {
		case most == 1:
			require.GreaterOrEqual(t, batches, len(entries))
		case most > len(entries)*p.Manifest.BallotBytes():
			require.Equal(t, 1, batches)
		}
		require.NoError(t, r.logErr)
		require.EqualValues(t, 10, r.logged)
		require.EqualValues(t, 3, r.superseded.n)
		require.EqualValues(t, 3, r.counted)
		require.EqualValues(t, 4, r.invalid)
		var bad []uint64
		for _, e := range r.reasons {
			bad = append(bad, e.Index)
		}
		require.Equal(t, []uint64{3, 7, 8, 9}, bad)
		require.ErrorIs(t, r.reasons[0].Err, ballot.ErrMalformed)
		for _, e := range r.reasons[1:] {
			require.ErrorIs(t, e.Err, ballot.ErrSequence)
		}
		sums := r.sum.sums()
		if want == nil {
			want = sums
		}
		for k := range sums {
			require.True(t, sums[k].Equal(&want[k]), "batches of %d bytes", most)
		}
	}
}

func TestLastBallotOfAVoterCounts(t *testing.T) {
	p := newPoll(t, electiontest.Config{Voters: 3, Revotes: 3})
	var entries [][]byte
	for round := range 3 {
		for voter := range 3 {
			entries = append(entries, p.Ballot(t, voter, uint32(round), round).Bytes()) // yes, no, blank
		}
	}
	entries = append(entries, p.Ballot(t, 1, 3, 0).Bytes())
	result := p.counted(t, entries...)
	r := p.audit(t)
	require.NoError(t, r.Err())
	require.EqualValues(t, 10, r.Logged)
	require.EqualValues(t, 7, r.Superseded)
	require.EqualValues(t, 3, r.Counted)
	treaty := &result.Questions[0]
	require.EqualValues(t, 1, treaty.Of("yes"))
	require.EqualValues(t, 0, treaty.Of("no"))
	blank, _ := treaty.Blank()
	require.EqualValues(t, 2, blank)
}

// TestAttack22OneBallotForEachNullifier logs a second ballot of a voter under the rule "none",
// with a fresh membership proof.
func TestAttack22OneBallotForEachNullifier(t *testing.T) {
	p := bare()
	p.logged(t, true, p.entries[0], p.Ballot(t, 0, 0, 1).Bytes())
	p.failed(t, CheckBallot)
	r := p.audit(t)
	require.EqualValues(t, 1, r.Counted)
	require.ErrorIs(t, r.InvalidEntries[0].Err, ballot.ErrSequence)
}

func TestWeightedElection(t *testing.T) {
	p := newPoll(t, electiontest.Config{Weights: []uint64{1, 5, 5, 1 << 20, 7}, Revotes: 1})
	entries := p.ballots(t, 4) // yes 1, no 5, blank 5, yes 2^20
	entries = append(entries, p.Ballot(t, 1, 1, 0).Bytes())
	result := p.counted(t, entries...)
	r := p.audit(t)
	require.NoError(t, r.Err())
	require.EqualValues(t, 5, r.Voters)
	require.EqualValues(t, 18+1<<20, r.TotalWeight)
	require.Equal(t, Class{1, 1}, r.SmallestClass)
	require.EqualValues(t, 4, r.Counted)
	require.EqualValues(t, 11+1<<20, r.CountedWeight)
	treaty := &result.Questions[0]
	require.EqualValues(t, 1+5+1<<20, treaty.Of("yes"))
	require.EqualValues(t, 0, treaty.Of("no"))
	blank, _ := treaty.Blank()
	require.EqualValues(t, 5, blank)

	// A forged membership of a weight whose only voter votes as well.
	p = p.copy()
	p.logged(t, true, p.Ballot(t, 4, 0, 0).Bytes(), p.forged(t, 4))
	r = p.audit(t)
	require.Contains(t, r.Failed(), CheckTurnout)
	require.ErrorContains(t, r.Err(), "2 ballots of weight 7 are counted, 1 voters have it")
}

func TestEmptyElectionOpensToZeros(t *testing.T) {
	p := newPoll(t, electiontest.Config{})
	result := p.counted(t)
	r := p.audit(t)
	require.NoError(t, r.Err())
	require.Equal(t, Opened, r.Stage)
	require.Zero(t, r.Logged)
	require.Zero(t, result.Ballots)
	for i := range result.Questions {
		require.Empty(t, result.Questions[i].Winners())
		for _, c := range result.Questions[i].Counts {
			require.Zero(t, c.Total)
		}
	}
	require.Equal(t, "audit: ok", lastLine(t, r))
}

// TestLogOfManyBatches has more invalid entries than a report describes, over several tiles.
func TestLogOfManyBatches(t *testing.T) {
	p := bare()
	var entries [][]byte
	for i := range 3000 {
		entries = append(entries, []byte{byte(i), byte(i >> 8)})
	}
	entries = append(entries, p.entries[0])
	p.logged(t, true, entries...)
	p.failed(t, CheckBallot)
	r := p.audit(t)
	require.EqualValues(t, 3001, r.Logged)
	require.EqualValues(t, 3000, r.Invalid)
	require.Len(t, r.InvalidEntries, maxReasons)
	require.EqualValues(t, 1, r.Counted)
	var text bytes.Buffer
	require.NoError(t, r.WriteText(&text))
	require.Contains(t, text.String(), "and 2900 more")
}

func TestCancelledAuditIsAnError(t *testing.T) {
	p := base()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r, err := Audit(ctx, p.files, p.Manifest.ID(), accept)
	require.Nil(t, r)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, ErrInvalid)

	q := p.copy() // also where an invalid record would be found first
	delete(q.files, "log/checkpoint")
	r, err = Audit(ctx, q.files, p.Manifest.ID(), accept)
	require.Nil(t, r)
	require.ErrorIs(t, err, context.Canceled)

	before := runtime.NumGoroutine()
	ctx, cancel = context.WithCancel(context.Background())
	opts := *accept
	opts.Progress = func(uint64, uint64) { cancel() }
	r, err = Audit(ctx, p.files, p.Manifest.ID(), &opts)
	require.Nil(t, r)
	require.ErrorIs(t, err, context.Canceled)
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		time.Sleep(time.Millisecond) // one that ends is counted a moment longer
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)

	report, shares := opening(t)
	_, err = report.Open(ctx, shares[1], shares[2])
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, ErrInvalid)
}

var errMedium = errors.New("the disk is gone")

// failing is a file system on which one file cannot be opened, or be read to its end.
type failing struct {
	fs.FS
	name string
	read bool
}

// Stat lets the failure come when the file is opened.
func (f failing) Stat(name string) (fs.FileInfo, error) { return fs.Stat(f.FS, name) }

func (f failing) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || name != f.name {
		return file, err
	}
	if f.read {
		return failingFile{file}, nil
	}
	file.Close()
	return nil, &fs.PathError{Op: "open", Path: name, Err: errMedium}
}

type failingFile struct{ fs.File }

func (failingFile) Read([]byte) (int, error) { return 0, errMedium }

// TestFailureOfTheMediumIsNotAnInvalidRecord fails at each file in turn.
func TestFailureOfTheMediumIsNotAnInvalidRecord(t *testing.T) {
	p := base()
	for name := range p.files {
		for _, read := range []bool{false, true} {
			r, err := Audit(context.Background(), failing{p.files, name, read}, p.Manifest.ID(), accept)
			require.Nil(t, r, name)
			require.ErrorIs(t, err, errMedium, name)
			require.NotErrorIs(t, err, ErrInvalid, name)
		}
	}
}

// stuck is a file system with a directory that fails when it is listed.
type stuck struct {
	fs.FS
	name string
	err  error
}

func (s stuck) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	if err == nil && name == s.name {
		return stuckDir{f, s.err}, nil
	}
	return f, err
}

type stuckDir struct {
	fs.File
	err error
}

func (d stuckDir) ReadDir(int) ([]fs.DirEntry, error) { return nil, d.err }

func TestDirectoryThatFails(t *testing.T) {
	p := base()
	for _, name := range []string{".", LogDir, SharesDir, CensusDir, "log/tile"} {
		r, err := Audit(context.Background(), stuck{p.files, name, errMedium}, p.Manifest.ID(), accept)
		require.Nil(t, r, name)
		require.ErrorIs(t, err, errMedium, name)
	}
	for _, name := range []string{".", LogDir, SharesDir} { // as on a web server
		r, err := Audit(context.Background(), stuck{p.files, name, errors.ErrUnsupported}, p.Manifest.ID(), accept)
		require.NoError(t, err, name)
		require.NoError(t, r.Err(), name)
	}
}

// fickle is a file system on which a file has another content after it was opened some times.
type fickle struct {
	fs.FS
	name   string
	later  fs.FS
	honest int
	opened *int
}

func (f fickle) Stat(name string) (fs.FileInfo, error) { return fs.Stat(f.FS, name) }

func (f fickle) Open(name string) (fs.File, error) {
	if name == f.name {
		if *f.opened++; *f.opened > f.honest {
			return f.later.Open(name)
		}
	}
	return f.FS.Open(name)
}

// TestLogThatChangesBetweenReads has superseded ballots, which are read twice, and a medium that
// gives another one the second time, so that another voter's ballot would leave the sums.
func TestLogThatChangesBetweenReads(t *testing.T) {
	p := newPoll(t, electiontest.Config{Voters: 3, Revotes: 1})
	entries := append(p.ballots(t, 3), p.Ballot(t, 0, 1, 1).Bytes())
	p.logged(t, true, entries...)
	const bundle = "log/tile/entries/000.p/4"
	opened := 0
	r, err := Audit(context.Background(), fickle{p.files, bundle, nil, 100, &opened}, p.Manifest.ID(), accept)
	require.NoError(t, err)
	require.NoError(t, r.Err())
	honest := opened / 2 // in the first of two passes
	require.Equal(t, opened, 2*honest)
	opened = 0
	_, err = Audit(context.Background(), fickle{base().files, bundle, nil, 100, &opened}, base().Manifest.ID(), accept)
	require.NoError(t, err)
	require.Equal(t, honest, opened, "a log without superseded ballots is read once")
	garbage := bytes.Clone(entries[0])
	copy(garbage[100:], bytes.Repeat([]byte{255}, 100))
	for what, replaced := range map[string][]byte{
		"another ballot": entries[1], "no ballot": garbage, "shorter": entries[0][1:], "missing": nil,
	} {
		q := p.copy()
		q.logged(t, true, replaced, entries[1], entries[2], entries[3])
		if replaced == nil {
			delete(q.files, bundle)
		}
		opened = 0
		r, err := Audit(context.Background(), fickle{p.files, bundle, q.files, honest, &opened}, p.Manifest.ID(), accept)
		require.NoError(t, err, what)
		require.Equal(t, []Check{CheckLog}, r.Failed(), "%s: %v", what, r.Err())
		require.Greater(t, opened, honest)
	}
}

// TestOnlyRegularFilesAreRead replaces each file by a pipe, which would block, and by a directory.
func TestOnlyRegularFilesAreRead(t *testing.T) {
	p := base()
	for name := range p.files {
		for _, file := range []*fstest.MapFile{{Mode: fs.ModeNamedPipe}, {Mode: fs.ModeDevice}, {Mode: fs.ModeDir}} {
			q := p.copy()
			q.files[name] = file
			r, err := Audit(context.Background(), unreadable{q.files, name}, p.Manifest.ID(), accept)
			if err == nil {
				err = r.Err()
			}
			require.ErrorIs(t, err, ErrInvalid, name)
		}
	}
}

// unreadable fails the test by a panic when a file that is not regular is read.
type unreadable struct {
	fs.FS
	name string
}

func (u unreadable) Open(name string) (fs.File, error) {
	f, err := u.FS.Open(name)
	if err == nil && name == u.name {
		return unreadableFile{f}, nil
	}
	return f, err
}

type unreadableFile struct{ fs.File }

func (unreadableFile) Read([]byte) (int, error) { panic("a file that is not regular was read") }

func TestFilesBeyondTheirLimitsAreRefused(t *testing.T) {
	p := base()
	for name, limit := range map[string]int{
		ManifestFile: ballot.MaxManifestBytes, SignaturesFile: maxSignaturesFile, CeremonyFile: maxCeremonyFile,
		VerifyingKeyFile: maxVerifyingKey, EndorsementFile(2): maxEndorsementFile, ShareFile(2): maxShareFile, ResultFile: maxResultFile,
	} {
		q := p.copy()
		q.put(name, make([]byte, limit+1))
		r, err := Audit(context.Background(), q.files, p.Manifest.ID(), accept)
		if err == nil {
			err = r.Err()
		}
		require.ErrorIs(t, err, ErrInvalid, name)
		require.ErrorContains(t, err, "more than", name)
	}
	q := p.copy()
	for i := range maxListed + 100 {
		q.put("shares/"+string(rune('a'+i%26))+string(rune('a'+i/26)), nil)
	}
	require.Contains(t, q.failed(t, CheckFiles), "more than 4096 files")
}

// unlisted is a file system that does not list directories, as a web server.
type unlisted struct{ fs.FS }

func (u unlisted) Open(name string) (fs.File, error) {
	f, err := u.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return struct{ fs.File }{f}, nil
}

func TestDirectoryThatCannotBeListed(t *testing.T) {
	files := &recordFS{under: unlisted{base().files}}
	_, ok, err := files.list(".")
	require.NoError(t, err)
	require.False(t, ok)
	require.NoError(t, files.failed())

	a := &auditor{files: files, Report: base().audit(t)}
	require.ErrorIs(t, a.checkFiles(context.Background()), errIncomplete)
}

// A directory gives as many of its names as are asked for, and no content.
func TestDirectoryOfARecord(t *testing.T) {
	files := &recordFS{under: base().files}
	_, err := files.readFile(SharesDir, 10)
	require.ErrorIs(t, err, ErrInvalid)
	require.ErrorContains(t, err, "a directory")

	f, err := files.Open(SharesDir)
	require.NoError(t, err)
	defer f.Close()
	entries, err := f.(fs.ReadDirFile).ReadDir(2)
	require.NoError(t, err)
	require.Len(t, entries, 2)
}

// Signatures that cannot be read are not reported as signatures that are missing.
func TestMalformedSignaturesAreNamed(t *testing.T) {
	p := base().copy()
	p.put(SignaturesFile, []byte("{}"))
	err := p.audit(t).Err()
	require.ErrorIs(t, err, ballot.ErrMalformed)
	require.ErrorContains(t, err, SignaturesFile+": ")
}

// A batch whose verification was cut short counts for nothing: none of its ballots was found valid.
func TestNothingOfAnUnverifiedBatchIsApplied(t *testing.T) {
	b := &batch{ballots: make([]*ballot.Ballot, 1), errs: make([]error, 1), err: context.Canceled, entries: [32]byte{1}}
	r := &replay{}
	require.ErrorIs(t, r.apply(b), context.Canceled)
	require.Equal(t, replay{}, *r)
}

// Who cancels while superseded ballots are taken out has not found the log at fault.
func TestTakingOutIsCancelled(t *testing.T) {
	p := base()
	log, err := box.OpenLog(subFS(t, p), p.Manifest)
	require.NoError(t, err)
	r := &replay{log: log}
	r.superseded.set(0)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, r.takeOut(ctx), context.Canceled)
	require.NoError(t, r.logErr)
}

// Who takes no more batches gets no more.
func TestReadStopsWhenNobodyTakesIt(t *testing.T) {
	p := base()
	log, err := box.OpenLog(subFS(t, p), p.Manifest)
	require.NoError(t, err)
	r := newReplay(p.Manifest, p.Verifier(t), log, nil)
	r.most = 1
	taken := 0
	logErr, changed := r.read(t.Context(), 0, [32]byte{}, func(*batch) bool { taken++; return false })
	require.NoError(t, logErr)
	require.NoError(t, changed)
	require.Equal(t, 1, taken)
}

func TestBitset(t *testing.T) {
	var s bitset
	s.set(3)
	require.True(t, s.has(3))
	require.False(t, s.has(2))
	require.False(t, s.has(64), "beyond its words")
}

func BenchmarkAudit(b *testing.B) {
	const voters = 256
	p := newPoll(b, electiontest.Config{Voters: voters})
	p.logged(b, true, p.ballots(b, voters)...)
	for b.Loop() {
		r := p.audit(b)
		if r.Err() != nil {
			b.Fatal(r.Err())
		}
	}
	b.ReportMetric(float64(voters*b.N)/b.Elapsed().Seconds(), "ballots/s")
}
