package tally

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// boxes are the open boxes of a poll, with a clock.
type boxes struct {
	*poll
	now   int64
	boxes []*box.Box
}

// threeBoxes makes an election with three boxes, whose voters use two.
func threeBoxes(t testing.TB, c electiontest.Config) *boxes {
	t.Helper()
	c.Boxes, c.Copies = 3, 2
	p := &boxes{poll: newPoll(t, c)}
	p.now = p.Manifest.Opens()
	for n := range 3 {
		x, err := box.Open(t.TempDir(), p.Manifest, box.Config{
			Verifier: p.Verifier(t), Key: p.LogKeys[n], Signatures: p.Signatures,
			Now: func() time.Time { return time.Unix(p.now, 0) },
		})
		require.NoError(t, err)
		t.Cleanup(func() { x.Close() })
		p.boxes = append(p.boxes, x)
	}
	return p
}

// cast casts a ballot at some of the boxes, from 1.
func (p *boxes) cast(t testing.TB, voter int, sequence uint32, votes int, at ...int) *ballot.Ballot {
	t.Helper()
	b := p.Ballot(t, voter, sequence, votes)
	for _, n := range at {
		_, err := p.boxes[n-1].Cast(context.Background(), b.Bytes())
		require.NoError(t, err)
	}
	return b
}

// publish seals some boxes and writes the logs of all of them to the record.
func (p *boxes) publish(t testing.TB, sealed ...int) {
	t.Helper()
	p.now = p.Manifest.Closes()
	for _, n := range sealed {
		_, err := p.boxes[n-1].Seal(context.Background())
		require.NoError(t, err)
	}
	record, err := OpenRecord(p.store(t))
	require.NoError(t, err)
	for n, x := range p.boxes {
		require.NoError(t, x.Export(record.Path(BoxLogDir(p.Manifest, n+1))))
	}
	p.files = load(t, record.FS())
}

// without returns the poll without what lies in some directories.
func (p *boxes) without(dirs ...string) *boxes {
	q := *p
	q.poll = p.copy()
	maps.DeleteFunc(q.files, func(name string, _ *fstest.MapFile) bool {
		for _, d := range dirs {
			if strings.HasPrefix(name, d+"/") {
				return true
			}
		}
		return false
	})
	return &q
}

// Voters use two boxes of three, and vote again at others.
func TestAuditOfSeveralBoxes(t *testing.T) {
	p := threeBoxes(t, electiontest.Config{Voters: 4, Revotes: 3})
	p.cast(t, 0, 0, 0, 1, 2)
	p.cast(t, 1, 0, 1, 2, 3)
	p.cast(t, 0, 1, 1, 2, 3)
	p.cast(t, 2, 0, 2, 1, 3)
	p.cast(t, 0, 2, 2, 1, 3)
	p.publish(t, 1, 2, 3)
	p.endorsed(t)
	result := p.opened(t)

	r := p.audit(t)
	require.NoError(t, r.Err())
	require.Equal(t, Opened, r.Stage)
	require.True(t, r.Closed)
	require.EqualValues(t, 10, r.Size)
	require.EqualValues(t, 10, r.Logged)
	require.EqualValues(t, 5, r.Repeated)
	require.EqualValues(t, 2, r.Superseded)
	require.EqualValues(t, 3, r.Counted)
	require.Zero(t, r.Invalid)
	require.Equal(t, r.Logged, r.Repeated+r.Superseded+r.Invalid+r.Counted)
	require.EqualValues(t, 1, result.Questions[0].Of("no"))
	blank, _ := result.Questions[0].Blank()
	require.EqualValues(t, 2, blank)

	merged, err := box.Merge(context.Background(), p.Manifest, p.Verifier(t), p.openLogs(t), nil)
	require.NoError(t, err)
	require.Equal(t, merged.Digest(), r.Subject().Checkpoint, "endorsements and shares name the merge")

	var text bytes.Buffer
	require.NoError(t, r.WriteText(&text))
	require.Regexp(t, `(?m)^box 2 +log.example.org/box/2: sealed, 3 entries, root [0-9a-f]{64}; 3 ballots, 0 of them in no other log; lacks 2; 0 invalid entries, 0 against its rule$`, text.String())
	require.Regexp(t, `(?m)^repeated +5$`, text.String())
	var json bytes.Buffer
	require.NoError(t, r.WriteJSON(&json))
	require.Contains(t, json.String(), `"boxes":[{"ballots":3,"box":1,`)
	require.Contains(t, json.String(), `"repeated":5`)

	// What is not a box's does not belong there.
	for _, name := range []string{"logs/4/checkpoint", "logs/02/checkpoint", "log/checkpoint", "logs/1/notes.txt"} {
		q := p.copy()
		q.put(name, nil)
		require.Equal(t, []Check{CheckFiles}, q.audit(t).Failed(), name)
	}
}

func (p *boxes) openLogs(t testing.TB) (out []*box.Log) {
	for n := range p.boxes {
		dir, err := fs.Sub(p.files, BoxLogDir(p.Manifest, n+1))
		require.NoError(t, err)
		l, err := box.OpenLog(dir, p.Manifest)
		require.NoError(t, err)
		out = append(out, l)
	}
	return out
}

// With two copies one box may be at fault, whichever and however; a second one may not.
func TestAuditToleratesFewerFaultyBoxesThanCopies(t *testing.T) {
	p := threeBoxes(t, electiontest.Config{Voters: 3, Revotes: 1})
	for i := range 3 {
		p.cast(t, i, 0, 0, i+1, (i+1)%3+1)
	}
	p.publish(t, 1, 2)
	r := p.audit(t)
	require.NoError(t, r.Err(), "box 3 was never sealed")
	require.Equal(t, box.BoxOpen, r.Boxes[2].State)
	require.EqualValues(t, 3, r.Counted)
	whole := r.Subject()

	gone := p.without("logs/3")
	r = gone.audit(t)
	require.NoError(t, r.Err())
	require.Equal(t, box.BoxAbsent, r.Boxes[2].State)
	require.EqualValues(t, 3, r.Counted, "a copy is elsewhere")
	require.NotEqual(t, whole.Checkpoint, r.Subject().Checkpoint)
	gone.endorsed(t)
	q := p.copy()
	for name, f := range gone.files {
		q.files[name] = f
	}
	require.Equal(t, []Check{CheckEndorsements}, q.audit(t).Failed(), "an endorsement is of one merge only")

	require.Equal(t, []Check{CheckCheckpoint, CheckLog, CheckBallot}, p.without("logs/1").audit(t).Failed())
	r = p.without("logs/1", "logs/2", "logs/3").audit(t)
	require.Equal(t, []Check{CheckCheckpoint}, r.Failed())
	require.ErrorContains(t, r.Err(), "3 of 3 boxes are not sealed, fewer than 2 are tolerated")
	require.ErrorContains(t, r.Err(), "is absent: "+r.Boxes[0].Err.Error(), "why each box is absent")
	open := p.copy()
	open.loggedAt(t, 1, false, p.entries...)
	open.loggedAt(t, 2, false, p.entries...)
	require.NotContains(t, open.audit(t).Err().Error(), "%!", "a box that is open has no error")
	require.Empty(t, r.Stage)

	swapped := p.copy()
	for name, f := range p.files {
		if rest, ok := strings.CutPrefix(name, "logs/1/"); ok {
			swapped.files["logs/3/"+rest] = f
		}
	}
	r = swapped.audit(t)
	require.NoError(t, r.Err())
	require.Equal(t, box.BoxAbsent, r.Boxes[2].State)
	require.ErrorContains(t, r.Boxes[2].Err, "logs/3 holds the log of box 1")

	broken := p.without()
	for name := range broken.files {
		if strings.HasPrefix(name, "logs/2/tile/entries/") {
			broken.put(name, append(bytes.Clone(broken.files[name].Data[:len(broken.files[name].Data)-1]), 1))
		}
	}
	r = broken.audit(t)
	require.Equal(t, []Check{CheckLog, CheckBallot}, r.Failed(), "boxes 2 and 3 are at fault")
	require.Equal(t, box.BoxBroken, r.Boxes[1].State)
	require.Empty(t, r.Stage)
}

// What stands in the place of a file of one box, and is none, breaks that box and no other.
func TestABoxWhoseFilesAreNoneIsBroken(t *testing.T) {
	p := threeBoxes(t, electiontest.Config{Voters: 2})
	p.cast(t, 0, 0, 0, 1, 2, 3)
	p.cast(t, 1, 0, 1, 1, 2, 3)
	p.publish(t, 1, 2, 3)
	require.NoError(t, p.audit(t).Err())
	const tile = "logs/2/tile/0/000.p/2"
	require.Contains(t, p.files, tile)
	long := make([]byte, maxPath)
	for i := range long {
		long[i] = 'x'
	}
	for name, edit := range map[string]func(files fstest.MapFS){
		"pipe":         func(files fstest.MapFS) { files[tile] = &fstest.MapFile{Mode: fs.ModeNamedPipe} },
		"link":         func(files fstest.MapFS) { files[tile] = &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte("2")} },
		"directory":    func(files fstest.MapFS) { files[tile] = &fstest.MapFile{Mode: fs.ModeDir} },
		"another pipe": func(files fstest.MapFS) { files["logs/2/tile/0/000.p/1"] = &fstest.MapFile{Mode: fs.ModeNamedPipe} },
		"long name":    func(files fstest.MapFS) { files["logs/2/tile/"+string(long)+"/x"] = &fstest.MapFile{} },
		"many files": func(files fstest.MapFS) {
			for i := range maxListed + 1 {
				files[fmt.Sprintf("logs/2/tile/0/%03d.p/%d", i/250, i%250+3)] = &fstest.MapFile{}
			}
		},
		"no tiles": func(files fstest.MapFS) {
			maps.DeleteFunc(files, func(name string, _ *fstest.MapFile) bool { return strings.HasPrefix(name, "logs/2/tile/") })
			files["logs/2/tile"] = &fstest.MapFile{Data: []byte("x")}
		},
	} {
		q := p.copy()
		edit(q.files)
		r := q.audit(t)
		require.Equal(t, box.BoxBroken, r.Boxes[1].State, name)
		require.Error(t, r.Boxes[1].Err, name)
		require.Equal(t, box.BoxSealed, r.Boxes[0].State, name)
		require.Equal(t, box.BoxSealed, r.Boxes[2].State, name)
		require.NotContains(t, r.Failed(), CheckLog, name)
	}
}

// The ballots that count are read once more, to be summed: a medium that gives others then is found out.
func TestLogsThatChangeBeforeTheyAreSummed(t *testing.T) {
	p := threeBoxes(t, electiontest.Config{Voters: 2})
	p.cast(t, 0, 0, 0, 1, 2)
	p.cast(t, 1, 0, 1, 1, 2)
	p.publish(t, 1, 2, 3)
	const bundle = "logs/1/tile/entries/000.p/2"
	other := p.copy()
	other.put(bundle, append([]byte{0, 0}, p.files[bundle].Data[2:]...))
	reads := 0
	r, err := Audit(context.Background(), fickle{p.files, bundle, nil, 100, &reads}, p.Manifest.ID(), accept)
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.Greater(t, reads, 1)
	opened := 0
	r, err = Audit(context.Background(), fickle{p.files, bundle, other.files, reads - 1, &opened}, p.Manifest.ID(), accept)
	require.NoError(t, err)
	require.Equal(t, reads, opened)
	require.Contains(t, r.Failed(), CheckLog)
	require.Empty(t, r.Stage)
}

// However few ballots are summed at once, all that count are; who cancels has not found a log at fault, and who gives
// another ballot the second time has not given one.
func TestSummingByParts(t *testing.T) {
	p := threeBoxes(t, electiontest.Config{Voters: 3})
	for voter := range 3 {
		p.cast(t, voter, 0, 0, 1, 2)
	}
	p.publish(t, 1, 2, 3)
	const bundle = "logs/1/tile/entries/000.p/3"
	other := p.copy()
	changed := bytes.Clone(p.files[bundle].Data)
	changed[2] ^= 1 // the first ballot's format version
	other.put(bundle, changed)
	opened := 0
	merge := func(honest int) *box.Merged {
		var logs []*box.Log
		for n := range p.boxes {
			dir, err := fs.Sub(fickle{p.files, bundle, other.files, honest, &opened}, BoxLogDir(p.Manifest, n+1))
			require.NoError(t, err)
			l, err := box.OpenLog(dir, p.Manifest)
			require.NoError(t, err)
			logs = append(logs, l)
		}
		merged, err := box.Merge(t.Context(), p.Manifest, p.Verifier(t), logs, nil)
		require.NoError(t, err)
		return merged
	}
	fresh := func() *replay {
		return &replay{manifest: p.Manifest, sum: newAggregate(p.Manifest.Ciphertexts()), classes: map[uint64]uint64{}}
	}
	merged := merge(1 << 30)
	honest := opened
	var want []elgamal.Ciphertext
	for atOnce := 1; atOnce <= 4; atOnce++ {
		r := fresh()
		require.NoError(t, r.sumCounted(t.Context(), merged, atOnce))
		require.EqualValues(t, 3, r.counted)
		sums := r.sum.sums()
		if want == nil {
			want = sums
		}
		for k := range sums {
			require.True(t, sums[k].Equal(&want[k]), "%d at once", atOnce)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	r := fresh()
	err := r.sumCounted(cancelled, merged, 1)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, ErrInvalid)
	require.Zero(t, r.counted)

	opened = 0
	r = fresh()
	err = r.sumCounted(t.Context(), merge(honest), 1)
	require.ErrorIs(t, err, ErrInvalid)
	require.ErrorContains(t, err, "the logs changed while they were read")
	require.Zero(t, r.counted)
}

// A box that logs garbage does not stop the election, nor do its own ballots count for less.
func TestAuditCountsWhatABoxWithInvalidEntriesHolds(t *testing.T) {
	p := threeBoxes(t, electiontest.Config{Voters: 2})
	b := p.cast(t, 0, 0, 0, 1, 3)
	p.publish(t, 1, 3)

	forged := bytes.Clone(b.Bytes())
	forged[len(forged)-1] ^= 1
	only := p.Ballot(t, 1, 0, 1)
	p.loggedAt(t, 2, true, forged, only.Bytes())
	r := p.audit(t)
	require.NoError(t, r.Err())
	require.EqualValues(t, 1, r.Invalid)
	require.EqualValues(t, 0, r.InvalidEntries[0].Index)
	require.ErrorIs(t, r.InvalidEntries[0].Err, ballot.ErrInvalid)
	require.ErrorContains(t, r.InvalidEntries[0].Err, "box 2: ")
	require.EqualValues(t, 2, r.Counted)
	require.EqualValues(t, 1, r.Boxes[1].Only)

	r = p.without("logs/1").audit(t)
	require.Equal(t, []Check{CheckBallot}, r.Failed(), "an absent box beside one with invalid entries")
	require.ErrorContains(t, r.Err(), "2 of 3 boxes are at fault")
}

func TestAuditReportsAConflict(t *testing.T) {
	p := threeBoxes(t, electiontest.Config{Voters: 1})
	p.cast(t, 0, 0, 0, 1)
	p.cast(t, 0, 0, 1, 2)
	p.publish(t, 1, 2, 3)
	r := p.audit(t)
	require.NoError(t, r.Err())
	require.EqualValues(t, 1, r.Counted)
	require.EqualValues(t, 1, r.Conflicting)
	require.Len(t, r.Conflicts, 1)
	require.Equal(t, r.Conflicts[0].Ballots[0].Nullifier(), r.Conflicts[0].Ballots[1].Nullifier())

	_, err := Audit(context.Background(), p.files, p.Manifest.ID(), nil)
	require.NoError(t, err, "without the verifying key there is a report, and it fails")
	ctx, cancel := context.WithCancel(context.Background())
	opts := *accept
	opts.Progress = func(done, total uint64) {
		require.EqualValues(t, 2, total)
		cancel()
	}
	_, err = Audit(ctx, p.files, p.Manifest.ID(), &opts)
	require.ErrorIs(t, err, context.Canceled)
}
