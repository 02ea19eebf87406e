package tally

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/internal/electiontest"
	"github.com/scrutin/scrutin/proof"
)

// poll is an election with a real ceremony, and its record in memory.
type poll struct {
	*electiontest.Election
	run   *run
	files fstest.MapFS

	entries [][]byte // of the log
	result  *Result
}

var accept = &AuditOptions{AcceptKeys: []string{proof.OneParty}}

// newPoll makes an election and the files that exist before the first ballot.
func newPoll(t testing.TB, c electiontest.Config) *poll {
	t.Helper()
	if c.Trustees == 0 {
		c.Trustees, c.Threshold = 3, 2
	}
	p := &poll{run: newRun(t, c.Trustees, c.Threshold)}
	p.run.play()
	edit := c.Edit
	c.Edit = func(d *ballot.Draft) {
		key, err := p.run.c.PublicKey()
		require.NoError(t, err)
		d.PublicKey, d.Ceremony, d.Trustees = key.Bytes(), p.run.digest(), p.run.c.Roster().Trustees
		if edit != nil {
			edit(d)
		}
	}
	p.Election = electiontest.New(t, c)
	p.Signatures = nil
	for _, trustee := range p.run.trustees[1:] {
		s, err := trustee.SignManifest(p.run.c, p.Manifest)
		require.NoError(t, err)
		p.Signatures = append(p.Signatures, s)
	}

	dir := t.TempDir()
	record, err := OpenRecord(dir)
	require.NoError(t, err)
	require.NoError(t, record.WriteManifest(p.Manifest))
	require.NoError(t, record.WriteSignatures(p.Signatures))
	require.NoError(t, record.WriteCeremony(p.run.c))
	require.NoError(t, record.WriteVerifyingKey(p.Key.VerifyingKey()))
	require.NoError(t, record.WriteCensus(p.Census))
	p.files = load(t, record.FS())
	return p
}

// load reads a directory into memory.
func load(t testing.TB, dir fs.FS) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	require.NoError(t, fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(dir, path)
		files[path] = &fstest.MapFile{Data: b}
		return err
	}))
	return files
}

// store writes files to a new directory.
func (p *poll) store(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, p.files))
	return dir
}

// copy returns a poll whose files can be changed.
func (p *poll) copy() *poll {
	q := *p
	q.files = maps.Clone(p.files)
	return &q
}

func (p *poll) put(name string, content []byte) { p.files[name] = &fstest.MapFile{Data: content} }

// ballots returns one ballot of each of the first n voters, voter i answering Votes(i).
func (p *poll) ballots(t testing.TB, n int) [][]byte {
	t.Helper()
	var out [][]byte
	for i := range n {
		out = append(out, p.Ballot(t, i, 0, i).Bytes())
	}
	return out
}

// logged writes log/: the entries, which nobody checks here, under a checkpoint that the
// operator signed. At most 255 of them, so that every tile is partial and single.
func (p *poll) logged(t testing.TB, closed bool, entries ...[]byte) {
	t.Helper()
	for name := range p.files {
		if bytes.HasPrefix([]byte(name), []byte(LogDir+"/")) {
			delete(p.files, name)
		}
	}
	var hashes tlogHashes
	var bundle, tile []byte
	for i, raw := range entries {
		stored, err := tlog.StoredHashes(int64(i), raw, &hashes)
		require.NoError(t, err)
		hashes = append(hashes, stored...)
		bundle = append(binary.BigEndian.AppendUint16(bundle, uint16(len(raw))), raw...)
		h := tlog.RecordHash(raw)
		tile = append(tile, h[:]...)
	}
	root, err := tlog.TreeHash(int64(len(entries)), &hashes)
	require.NoError(t, err)
	if n := len(entries); n > 0 {
		require.Less(t, n, 256)
		p.put(fmt.Sprintf("log/tile/entries/000.p/%d", n), bundle)
		p.put(fmt.Sprintf("log/tile/0/000.p/%d", n), tile)
	}
	text := fmt.Sprintf("%s/%v\n%d\n%v\n", electiontest.Origin, p.Manifest.ID(), len(entries), root)
	if closed {
		text += "closed\n"
	}
	signer, err := note.NewSigner(p.LogKey)
	require.NoError(t, err)
	checkpoint, err := note.Sign(&note.Note{Text: text}, signer)
	require.NoError(t, err)
	p.put("log/checkpoint", checkpoint)
}

type tlogHashes []tlog.Hash

func (s *tlogHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		out = append(out, (*s)[i])
	}
	return out, nil
}

func (p *poll) audit(t testing.TB) *Report {
	t.Helper()
	r, err := Audit(context.Background(), p.files, p.Manifest.ID(), accept)
	require.NoError(t, err)
	return r
}

// endorsed adds the endorsements of these trustees, or of all.
func (p *poll) endorsed(t testing.TB, trustees ...int) {
	t.Helper()
	r := p.audit(t)
	require.NoError(t, r.Err())
	for _, j := range p.orAll(trustees) {
		e, err := p.run.trustees[j].Endorse(r)
		require.NoError(t, err)
		p.put(EndorsementFile(j), e.Bytes())
	}
}

// shares returns the shares of these trustees, or of all.
func (p *poll) shares(t testing.TB, trustees ...int) []*Share {
	t.Helper()
	r := p.audit(t)
	require.NoError(t, r.Err())
	var out []*Share
	for _, j := range p.orAll(trustees) {
		s, err := p.run.trustees[j].Share(r)
		require.NoError(t, err)
		out = append(out, s)
	}
	return out
}

func (p *poll) orAll(trustees []int) []int {
	if len(trustees) == 0 {
		for j := 1; j < len(p.run.trustees); j++ {
			trustees = append(trustees, j)
		}
	}
	return trustees
}

// opened adds the shares of these trustees, or of all, and the result.
func (p *poll) opened(t testing.TB, trustees ...int) *Result {
	t.Helper()
	shares := p.shares(t, trustees...)
	for _, s := range shares {
		p.put(ShareFile(s.Trustee), s.Bytes())
	}
	result, err := p.audit(t).Open(context.Background(), shares...)
	require.NoError(t, err)
	p.put(ResultFile, result.Bytes())
	return result
}

// counted makes a whole record of n ballots.
func (p *poll) counted(t testing.TB, entries ...[]byte) *Result {
	t.Helper()
	p.logged(t, true, entries...)
	p.endorsed(t)
	return p.opened(t)
}
