package box

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// A memDisk is a disk in memory that knows what was synced, and that goes away by order.
type memDisk struct {
	mu      sync.Mutex
	names   map[string]*memFile
	durable map[string]*memFile // as of the last SyncDir
	count   int                 // operations that change something
	fail    int                 // the number of the first operation that fails, from 1; 0: none
	once    bool                // the disk comes back after one failure
	torn    int                 // of the write that fails, how many bytes get through
}

// A memFile makes durable, in a Sync, what was written since the last one. A Sync that fails
// forgets what was to be written, as some systems do.
type memFile struct {
	disk          *memDisk
	data, durable []byte
	dirty         [][2]int
}

var errDisk = errors.New("the disk is gone")

func newMemDisk() *memDisk {
	return &memDisk{names: map[string]*memFile{}, durable: map[string]*memFile{}}
}

// crash returns what a disk may hold after the power failed: of data and of names, all that
// was written or only what was synced.
func (d *memDisk) crash(allData, allNames bool) *memDisk {
	out := newMemDisk()
	names := d.durable
	if allNames {
		names = d.names
	}
	for name, f := range names {
		data := f.durable
		if allData {
			data = f.data
		}
		out.names[name] = &memFile{disk: out, data: bytes.Clone(data), durable: bytes.Clone(data)}
	}
	out.durable = maps.Clone(out.names)
	return out
}

func (d *memDisk) step() error {
	if d.count++; d.fail > 0 && d.count >= d.fail {
		if d.once {
			d.fail = 0
		}
		return errDisk
	}
	return nil
}

func (d *memDisk) Open(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f, ok := d.names[name]; ok {
		return f, nil
	}
	return nil, fs.ErrNotExist
}

func (d *memDisk) Create(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return nil, err
	}
	f := &memFile{disk: d}
	d.names[name] = f
	return f, nil
}

func (d *memDisk) Rename(oldName, newName string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	d.names[newName] = d.names[oldName]
	delete(d.names, oldName)
	return nil
}

func (d *memDisk) SyncDir() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	d.durable = maps.Clone(d.names)
	return nil
}

func (f *memFile) ReadAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return bytes.NewReader(f.data).ReadAt(b, at)
}

func (f *memFile) WriteAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	err := f.disk.step()
	if err != nil {
		b = b[:min(len(b), f.disk.torn)]
		f.disk.torn = 0
	}
	data := bytes.Clone(f.data)
	if end := int(at) + len(b); end > len(data) {
		data = append(data, make([]byte, end-len(data))...)
	}
	copy(data[at:], b)
	f.data = data
	f.dirty = append(f.dirty, [2]int{int(at), int(at) + len(b)})
	return len(b), err
}

func (f *memFile) Truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.step(); err != nil {
		return err
	}
	f.data = bytes.Clone(f.data[:size])
	return nil
}

func (f *memFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	dirty := f.dirty
	f.dirty = nil
	if err := f.disk.step(); err != nil {
		return err
	}
	durable := make([]byte, len(f.data))
	copy(durable, f.durable)
	for _, d := range dirty {
		if d[0] < len(f.data) {
			copy(durable[d[0]:min(d[1], len(f.data))], f.data[d[0]:])
		}
	}
	f.durable = durable
	return nil
}

func (f *memFile) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return int64(len(f.data)), nil
}

func (f *memFile) Close() error { return nil }

// oneQuestion makes the ballots small.
func oneQuestion(d *ballot.Draft) { d.Questions = d.Questions[:1] }

func smallBallots(t *testing.T, s *stage, n int) []*ballot.Ballot {
	t.Helper()
	var ballots []*ballot.Ballot
	for i := range n {
		sealed, err := s.Credential(t, i).Encrypt(map[ballot.QuestionID]ballot.Vote{"treaty": ballot.Choose("yes")})
		require.NoError(t, err)
		b, err := sealed.Sign(0)
		require.NoError(t, err)
		ballots = append(ballots, b)
	}
	return ballots
}

// For each operation on the disk in turn: it fails, at once or after some bytes. Nothing more
// is taken. A box that is opened anew, with or without a crash of the system, has every ballot
// of which there was a receipt, and takes the others.
func TestLosesNoReceiptedBallotWhenTheDiskFails(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 3, Edit: oneQuestion})
	ballots := smallBallots(t, s, 3)
	ctx := context.Background()
	run := func(d *memDisk) (failures int, receipts []*Receipt, sealed *Checkpoint) {
		s.clock.Store(s.Manifest.Opens())
		x, err := open(d, s.Manifest, s.config())
		if err != nil {
			require.ErrorIs(t, err, errDisk)
			return 1, nil, nil
		}
		for _, b := range ballots {
			r, err := x.Cast(ctx, b.Bytes())
			if err != nil {
				require.ErrorIs(t, err, errDisk)
				var refusal *Refusal
				require.False(t, errors.As(err, &refusal), "the ballot is not to blame")
				failures++
				continue
			}
			require.Zero(t, failures, "a receipt after a failure")
			receipts = append(receipts, r)
		}
		s.clock.Store(s.Manifest.Closes())
		if sealed, err = x.Seal(ctx); err != nil {
			require.ErrorIs(t, err, errDisk)
			failures++
		}
		return failures, receipts, sealed
	}

	healthy := newMemDisk()
	failures, receipts, sealed := run(healthy)
	require.Zero(t, failures)
	require.Len(t, receipts, 3)
	require.EqualValues(t, 3, sealed.Size)
	require.Greater(t, healthy.count, 30)

	for k := 1; k <= healthy.count; k++ {
		for _, torn := range []int{0, 30, 500, 1 << 20} {
			d := newMemDisk()
			d.fail, d.torn = k, torn
			failures, receipts, sealed := run(d)
			require.NotZero(t, failures, "operation %d", k)
			require.Nil(t, sealed)
			for variant := range 4 {
				s.clock.Store(s.Manifest.Opens())
				x, err := open(d.crash(variant&1 != 0, variant&2 != 0), s.Manifest, s.config())
				require.NoError(t, err, "operation %d, %d bytes through, variant %d", k, torn, variant)
				require.GreaterOrEqual(t, x.Checkpoint().Size, uint64(len(receipts)))
				for i, b := range ballots {
					if i < len(receipts) || !x.Checkpoint().Closed {
						require.EqualValues(t, i, s.cast(t, x, b).Index, "operation %d, variant %d", k, variant)
					}
				}
				require.Equal(t, s.seal(t, x), x.Checkpoint())
				require.NoError(t, x.Close())
			}
		}
	}
}

// A crash within the last commit leaves any number of the bytes of its record.
func TestCutsTheLastRecordAtEveryByte(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	d := newMemDisk()
	j, err := openJournal(d, s.Manifest.ID(), true)
	require.NoError(t, err)
	_, err = j.append(numbered(3))
	require.NoError(t, err)
	keep := j.end
	_, err = j.append(numbered(2))
	require.NoError(t, err)
	whole := d.names[journalName].data
	require.Len(t, whole, int(j.end))

	for size := keep; size <= j.end; size++ {
		d.names[journalName].data = bytes.Clone(whole[:size])
		j, err := openJournal(d, s.Manifest.ID(), false)
		require.NoError(t, err)
		r, err := j.read(func([]byte, place) error { return nil })
		require.NoError(t, err)
		switch size {
		case keep:
			require.NoError(t, r.damage)
			require.EqualValues(t, 3, j.count)
		case int64(len(whole)):
			require.NoError(t, r.damage)
			require.EqualValues(t, 5, j.count)
		default:
			require.Error(t, r.damage, "cut at %d", size)
			require.EqualValues(t, 3, j.count)
			require.NoError(t, j.cut(r))
			require.Equal(t, whole[:keep], d.names[journalName].data)
		}
	}
}

// Each bit of a record counts.
func TestEveryBitOfTheJournalIsChecked(t *testing.T) {
	s := newStage(t, electiontest.Config{})
	d := newMemDisk()
	j, err := openJournal(d, s.Manifest.ID(), true)
	require.NoError(t, err)
	_, err = j.append(numbered(2))
	require.NoError(t, err)
	require.NoError(t, j.seal())
	whole := d.names[journalName].data

	header := len(journalHeader(s.Manifest.ID()))
	for bit := range 8 * len(whole) {
		damaged := bytes.Clone(whole)
		damaged[bit/8] ^= 1 << (bit % 8)
		d.names[journalName].data = damaged
		j, err := openJournal(d, s.Manifest.ID(), false)
		if err != nil {
			require.ErrorIs(t, err, ErrDamaged)
			require.Less(t, bit/8, header)
			continue
		}
		r, err := j.read(func([]byte, place) error { return nil })
		require.NoError(t, err)
		require.Error(t, r.damage, "bit %d", bit)
	}
}

// A record has one place, in one election.
func TestRecordsDoNotMove(t *testing.T) {
	s, other := newStage(t, electiontest.Config{}), newStage(t, electiontest.Config{})
	journalOf := func(s *stage) (*memDisk, *journal) {
		d := newMemDisk()
		j, err := openJournal(d, s.Manifest.ID(), true)
		require.NoError(t, err)
		_, err = j.append(numbered(2))
		require.NoError(t, err)
		return d, j
	}
	damage := func(data []byte) error {
		d := newMemDisk()
		d.names[journalName] = &memFile{disk: d, data: data}
		j, err := openJournal(d, s.Manifest.ID(), false)
		require.NoError(t, err)
		r, err := j.read(func([]byte, place) error { return nil })
		require.NoError(t, err)
		return r.damage
	}
	d, j := journalOf(s)
	data, header := d.names[journalName].data, len(j.header)
	require.NoError(t, damage(data))
	require.ErrorContains(t, damage(append(bytes.Clone(data), data[header:]...)), "its first ballot is number 0, 2 wanted")
	foreign, _ := journalOf(other)
	require.ErrorContains(t, damage(append(bytes.Clone(data[:header]), foreign.names[journalName].data[header:]...)), "its checksum is wrong")
}

// An operation fails once and the box is opened anew on a system that goes on. Then the power
// fails: what the first failure left unwritten must not be under a receipt.
func TestLosesNoReceiptedBallotAfterAFailureThatPassed(t *testing.T) {
	s := newStage(t, electiontest.Config{Voters: 3, Edit: oneQuestion})
	ballots := smallBallots(t, s, 3)
	ctx := context.Background()
	for k := 1; ; k++ {
		d := newMemDisk()
		d.fail, d.once, d.torn = k, true, 1<<20
		receipts := map[int]*Receipt{}
		failures := 0
		for range 2 {
			x, err := open(d, s.Manifest, s.config())
			if err != nil {
				require.ErrorIs(t, err, errDisk)
				failures++
				continue
			}
			for i, b := range ballots {
				if r, err := x.Cast(ctx, b.Bytes()); err == nil {
					receipts[i] = r
				} else {
					require.ErrorIs(t, err, errDisk)
					failures++
				}
			}
		}
		require.Len(t, receipts, 3, "operation %d", k)
		for variant := range 4 {
			x, err := open(d.crash(variant&1 != 0, variant&2 != 0), s.Manifest, s.config())
			require.NoError(t, err, "operation %d, variant %d", k, variant)
			for i, r := range receipts {
				require.Equal(t, r.Index, s.cast(t, x, ballots[i]).Index, "operation %d, variant %d", k, variant)
			}
			require.EqualValues(t, 3, x.Checkpoint().Size)
		}
		if failures == 0 {
			break // k is beyond the last operation
		}
	}
}
