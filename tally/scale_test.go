package tally

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/census"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/proof"
)

// The environment of TestAuditAtScale.
const (
	scaleBallots = "SCRUTIN_SCALE_BALLOTS" // how many voters vote; the test is skipped without it
	scaleDir     = "SCRUTIN_SCALE_DIR"     // keeps the record for the next run; a temporary directory without it
	scaleChild   = "SCRUTIN_SCALE_CHILD"   // the directory that the process audits and does nothing else
)

// scaleMemory is the most memory that an audit of 100,000 ballots may take, in KiB.
const scaleMemory = 400 << 10

// TestAuditAtScale audits the record of a referendum, in a process of its own whose memory is
// measured; once more from the state that the first audit left; and a copy in which one entry is
// poisoned. For example:
//
//	SCRUTIN_SCALE_BALLOTS=100000 SCRUTIN_SCALE_DIR=/tmp/record go test ./tally -run TestAuditAtScale -v -timeout 30m
func TestAuditAtScale(t *testing.T) {
	if dir := os.Getenv(scaleChild); dir != "" {
		auditAtScale(t, dir)
		return
	}
	n, _ := strconv.Atoi(os.Getenv(scaleBallots))
	if n == 0 {
		t.Skipf("set %s to a number of ballots", scaleBallots)
	}
	dir := os.Getenv(scaleDir)
	if dir == "" {
		dir = t.TempDir()
	}
	dir = filepath.Join(dir, strconv.Itoa(n))
	if _, err := os.Stat(filepath.Join(dir, "scale.json")); err != nil {
		start := time.Now()
		makeScale(t, dir, n)
		t.Logf("made the record of %d ballots in %v", n, time.Since(start).Round(time.Second))
	}
	child := exec.Command(os.Args[0], "-test.run=^TestAuditAtScale$", "-test.v")
	child.Env = append(os.Environ(), scaleChild+"="+dir)
	out, err := child.CombinedOutput()
	t.Logf("on %d processors:\n%s", runtime.GOMAXPROCS(0), out)
	require.NoError(t, err)
}

// scale says what the record is.
type scale struct {
	Election ballot.ElectionID
	Counted  uint64
	Yes      uint64
	Poisoned uint64 // index of the entry that poison/ changes
}

func auditAtScale(t *testing.T, dir string) {
	b, err := os.ReadFile(filepath.Join(dir, "scale.json"))
	require.NoError(t, err)
	var s scale
	require.NoError(t, json.Unmarshal(b, &s))
	record := os.DirFS(filepath.Join(dir, "record"))
	audit := func(what string, files fs.FS, state string) *Report {
		start := time.Now()
		r, err := Audit(context.Background(), files, s.Election, &AuditOptions{
			AcceptKeys: accept.AcceptKeys, State: state,
		})
		require.NoError(t, err)
		took := time.Since(start).Seconds()
		t.Logf("%s: %d ballots in %.1f s, %.0f a second; peak memory %d KiB", what, r.Logged, took, float64(r.Logged)/took, peakMemory(t))
		return r
	}

	state := filepath.Join(t.TempDir(), "state")
	for _, what := range []string{"audit", "audit, resumed at its end"} {
		r := audit(what, record, state)
		require.NoError(t, r.Err())
		require.Equal(t, s.Counted, r.Counted)
		require.Equal(t, s.Yes, r.Result.Questions[0].Of("yes"))
	}

	r := audit("audit of a poisoned record", overlay{os.DirFS(filepath.Join(dir, "poison")), record}, "")
	require.Equal(t, []Check{CheckBallot}, r.Failed())
	require.EqualValues(t, 1, r.Invalid)
	require.Equal(t, s.Poisoned, r.InvalidEntries[0].Index)
	require.Equal(t, s.Counted-1, r.Counted)
	require.Contains(t, lastLine(t, r), fmt.Sprintf("audit: INVALID: ballot: invalid: 1 of the %d entries of the log; the first at index %d: ", s.Counted, s.Poisoned))

	if peak := peakMemory(t); peak > 0 && s.Counted <= 100_000 {
		require.Less(t, peak, scaleMemory)
	}
}

// peakMemory returns the most memory that this process had, in KiB; 0 where that is not known.
func peakMemory(t testing.TB) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	found := regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`).FindSubmatch(status)
	require.NotNil(t, found)
	n, err := strconv.Atoi(string(found[1]))
	require.NoError(t, err)
	return n
}

// overlay has the files of two file systems, those of the first before those of the second.
type overlay struct{ first, second fs.FS }

func (o overlay) Open(name string) (fs.File, error) {
	if info, err := fs.Stat(o.first, name); err == nil && !info.IsDir() {
		return o.first.Open(name)
	}
	return o.second.Open(name)
}

// makeScale writes the record of a referendum in which each of 2^17 voters, or of as many as are
// wanted, is on the roll, and the first n voted: yes, no, blank, yes ...
func makeScale(t testing.TB, dir string, n int) {
	ids := make([]*proof.Identity, max(n, 1<<17))
	for i := range ids {
		ids[i] = proof.NewIdentity()
	}
	tree, err := census.Build(context.Background(), 20, func(yield func(census.Member, error) bool) {
		for _, id := range ids {
			if !yield(census.Member{Commitment: id.Commitment()}, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	p := setUp(t, electiontest.Config{Voters: 1, Edit: func(d *ballot.Draft) {
		d.Questions = d.Questions[:1]
		d.Census = ballot.CensusOf(tree)
	}})
	p.Census, p.Identities = tree, ids
	path := filepath.Join(dir, "record")
	require.NoError(t, os.RemoveAll(dir))
	p.announce(t, path)

	// The bundles, each made by one worker.
	leaves := make([]tlog.Hash, n)
	first := make([]byte, 0, p.Manifest.BallotBytes()) // of the first ballot of the poisoned bundle
	poisoned := n * 2 / 3
	bundles := make(chan int)
	var wait sync.WaitGroup
	var mutex sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for at := range bundles {
				var raw []byte
				for i := at * 256; i < min((at+1)*256, n); i++ {
					b := p.referendumBallot(t, i)
					raw = append(binary.BigEndian.AppendUint16(raw, uint16(len(b))), b...)
					leaves[i] = tlog.RecordHash(b)
				}
				writeFile(t, path, logTile("entries", at, min(256, n-at*256)), raw)
				if at != poisoned/256 {
					continue
				}
				mutex.Lock()
				size := p.Manifest.BallotBytes()
				raw[(poisoned%256)*(2+size)+2+size-1] ^= 1 // in the signature of the ballot
				first = append(first, raw[(poisoned%256)*(2+size)+2:][:size]...)
				mutex.Unlock()
				writeFile(t, filepath.Join(dir, "poison"), logTile("entries", at, min(256, n-at*256)), raw)
			}
		})
	}
	for at := 0; at*256 < n; at++ {
		bundles <- at
	}
	close(bundles)
	wait.Wait()
	p.writeTree(t, path, leaves)
	leaves[poisoned] = tlog.RecordHash(first)
	p.writeTree(t, filepath.Join(dir, "poison"), leaves)

	// The trustees.
	record, err := OpenRecord(path)
	require.NoError(t, err)
	r, err := Audit(context.Background(), record.FS(), p.Manifest.ID(), accept)
	require.NoError(t, err)
	require.NoError(t, r.Err())
	for _, trustee := range p.run.trustees[1:] {
		e, err := trustee.Endorse(r)
		require.NoError(t, err)
		require.NoError(t, record.WriteEndorsement(e))
		r.endorsements = append(r.endorsements, e)
	}
	for _, trustee := range p.run.trustees[1:] {
		s, err := trustee.Share(r)
		require.NoError(t, err)
		require.NoError(t, record.WriteShare(s))
		r.shares = append(r.shares, s)
	}
	result, err := r.Open(context.Background(), r.shares...)
	require.NoError(t, err)
	require.NoError(t, record.WriteResult(result))
	b, err := json.Marshal(scale{p.Manifest.ID(), uint64(n), uint64((n + 2) / 3), uint64(poisoned)})
	require.NoError(t, err)
	writeFile(t, dir, "scale.json", b)
}

// referendumBallot returns the ballot of voter i on one question.
func (p *poll) referendumBallot(t testing.TB, i int) []byte {
	s, err := p.Credential(t, i).Encrypt(map[ballot.QuestionID]ballot.Vote{"treaty": electiontest.Votes(i)["treaty"]})
	require.NoError(t, err)
	b, err := s.Sign(0)
	require.NoError(t, err)
	return b.Bytes()
}

func logTile(level string, n, width int) string {
	name := fmt.Sprintf("%03d", n%1000)
	if n >= 1000 {
		name = fmt.Sprintf("x%03d/%s", n/1000, name)
	}
	if width < 256 {
		name += fmt.Sprintf(".p/%d", width)
	}
	return "log/tile/" + level + "/" + name
}

// writeTree writes the hash tiles and the checkpoint of a log.
func (p *poll) writeTree(t testing.TB, dir string, leaves []tlog.Hash) {
	var hashes tlogHashes
	for i, leaf := range leaves {
		stored, err := tlog.StoredHashesForRecordHash(int64(i), leaf, &hashes)
		require.NoError(t, err)
		hashes = append(hashes, stored...)
	}
	for level := range 4 {
		for n, rest := 0, len(leaves)>>(8*level); rest > 0; n, rest = n+1, rest-256 {
			width := min(rest, 256)
			b, err := tlog.ReadTileData(tlog.Tile{H: 8, L: level, N: int64(n), W: width}, &hashes)
			require.NoError(t, err)
			writeFile(t, dir, logTile(strconv.Itoa(level), n, width), b)
		}
	}
	root, err := tlog.TreeHash(int64(len(leaves)), &hashes)
	require.NoError(t, err)
	writeFile(t, dir, "log/checkpoint", p.checkpoint(t, len(leaves), root, true))
}

func writeFile(t testing.TB, dir, name string, content []byte) {
	path := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(t, os.WriteFile(path, content, 0o666))
}
