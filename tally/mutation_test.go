package tally

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
)

// flips are audits of records with one bit flipped, several at a time.
type flips struct {
	places chan place
	wait   sync.WaitGroup
	mutex  sync.Mutex
	passed []string // places whose audit did not fail
}

// place is a bit of a file of a record.
type place struct {
	record  string
	files   fstest.MapFS
	id      ballot.ElectionID
	name    string
	at, bit int
}

func newFlips() *flips {
	f := &flips{places: make(chan place)}
	for range runtime.GOMAXPROCS(0) {
		f.wait.Go(func() {
			for p := range f.places {
				if err := p.flipped(); !errors.Is(err, ErrInvalid) {
					f.mutex.Lock()
					f.passed = append(f.passed, fmt.Sprintf("bit %d of byte %d of %s of %s: %v", p.bit, p.at, p.name, p.record, err))
					f.mutex.Unlock()
				}
			}
		})
	}
	return f
}

// fail wants all of them to have failed.
func (f *flips) fail(t *testing.T) {
	t.Helper()
	close(f.places)
	f.wait.Wait()
	require.Empty(t, f.passed)
}

// flipped audits the record with that bit flipped.
func (p *place) flipped() error {
	files := maps.Clone(p.files)
	b := bytes.Clone(files[p.name].Data)
	b[p.at] ^= 1 << p.bit
	files[p.name] = &fstest.MapFile{Data: b}
	r, err := Audit(context.Background(), files, p.id, accept)
	if err != nil {
		return err
	}
	return r.Err()
}

// TestNoFlippedBitPassesTheAudit flips bits at 2,000 places of the good records of testdata/vectors.
func TestNoFlippedBitPassesTheAudit(t *testing.T) {
	n := 2000
	if testing.Short() {
		n = 200
	}
	var good []place
	for _, v := range recordVectors(t) {
		if v.Check == "" {
			files, id := filesOf(t, v)
			good = append(good, place{record: v.Name, files: files, id: id})
		}
	}
	rng := rand.New(rand.NewPCG(3, 4))
	f := newFlips()
	for i := range n {
		p := good[i%len(good)]
		names := slices.Sorted(maps.Keys(p.files))
		p.name = names[rng.IntN(len(names))] // small files have their share
		p.at, p.bit = rng.IntN(len(p.files[p.name].Data)), rng.IntN(8)
		f.places <- p
	}
	f.fail(t)
}

// TestNoFlippedBitOfEveryByte flips one bit of every byte of a small record, at SCRUTIN_EVERY_BYTE's command: it takes minutes.
func TestNoFlippedBitOfEveryByte(t *testing.T) {
	if os.Getenv("SCRUTIN_EVERY_BYTE") == "" {
		t.Skip("SCRUTIN_EVERY_BYTE is not set: it takes minutes")
	}
	const record = "good/unweighted"
	files, id := goodRecord(t, record)
	f := newFlips()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		require.NotEmpty(t, files[name].Data, name)
		for at := range files[name].Data {
			f.places <- place{record, files, id, name, at, at % 8}
		}
	}
	f.fail(t)
}

// TestAttack27NoFileOfARecordIsShorterOrLonger cuts each file and adds to it.
func TestAttack27NoFileOfARecordIsShorterOrLonger(t *testing.T) {
	p := base()
	for _, name := range slices.Sorted(maps.Keys(p.files)) {
		size := len(p.files[name].Data)
		for _, length := range []int{0, 1, size / 2, size - 1, size + 1, size + 100} {
			q := p.copy()
			q.alter(name, func(b []byte) []byte { return append(b, make([]byte, 100)...)[:length] })
			r, err := Audit(context.Background(), q.files, p.Manifest.ID(), accept)
			if err == nil {
				err = r.Err()
			}
			require.ErrorIs(t, err, ErrInvalid, "%d of %d bytes of %s", length, size, name)
		}
	}
}
