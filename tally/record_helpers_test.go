package tally

import (
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"strings"
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
	told    ballot.ElectionID // what the auditor is told, if it is not the id of the manifest
}

// known is the election id that the auditor is given.
func (p *poll) known() ballot.ElectionID {
	if p.told != (ballot.ElectionID{}) {
		return p.told
	}
	return p.Manifest.ID()
}

// treaty is the text of the one question of electiontest that is about a text.
const treaty = "Article 1."

var accept = &AuditOptions{AcceptKeys: []string{proof.OneParty}}

// newPoll makes an election and the files that exist before the first ballot.
func newPoll(t testing.TB, c electiontest.Config) *poll {
	t.Helper()
	p := setUp(t, c)
	dir := t.TempDir()
	p.announce(t, dir)
	p.files = load(t, os.DirFS(dir))
	return p
}

// setUp makes an election whose key a ceremony made, and signs it.
func setUp(t testing.TB, c electiontest.Config) *poll {
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
	return p
}

// announce writes the files that exist before the first ballot.
func (p *poll) announce(t testing.TB, dir string) {
	t.Helper()
	record, err := OpenRecord(dir)
	require.NoError(t, err)
	require.NoError(t, record.WriteManifest(p.Manifest))
	require.NoError(t, record.WriteSignatures(p.Signatures))
	require.NoError(t, record.WriteCeremony(p.run.c))
	require.NoError(t, record.WriteVerifyingKey(p.Key.VerifyingKey()))
	require.NoError(t, record.WriteCensus(p.Census))
	for _, q := range p.Manifest.Questions() {
		if q.Text != nil {
			require.NoError(t, record.WriteDocument(q.ID, strings.NewReader(treaty)))
		}
	}
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
// operator signed.
func (p *poll) logged(t testing.TB, closed bool, entries ...[]byte) {
	t.Helper()
	p.loggedAt(t, 1, closed, entries...)
}

// loggedAt is logged of a box.
func (p *poll) loggedAt(t testing.TB, number int, closed bool, entries ...[]byte) {
	t.Helper()
	dir := BoxLogDir(p.Manifest, number)
	for name := range p.files {
		if strings.HasPrefix(name, dir+"/") {
			delete(p.files, name)
		}
	}
	tilePath := func(level string, n, width int) string {
		path := fmt.Sprintf("%s/tile/%s/%03d", dir, level, n)
		if width < 256 {
			path += fmt.Sprintf(".p/%d", width)
		}
		return path
	}
	hashes := storedHashes(t, entries)
	for level := range 2 {
		for n, rest := 0, len(entries)>>(8*level); rest > 0; n, rest = n+1, rest-256 {
			width := min(rest, 256)
			b, err := tlog.ReadTileData(tlog.Tile{H: 8, L: level, N: int64(n), W: width}, hashes)
			require.NoError(t, err)
			p.put(tilePath(fmt.Sprint(level), n, width), b)
		}
	}
	for n := 0; n*256 < len(entries); n++ {
		var bundle []byte
		chunk := entries[n*256 : min((n+1)*256, len(entries))]
		for _, raw := range chunk {
			bundle = append(binary.BigEndian.AppendUint16(bundle, uint16(len(raw))), raw...)
		}
		p.put(tilePath("entries", n, len(chunk)), bundle)
	}
	root, err := tlog.TreeHash(int64(len(entries)), hashes)
	require.NoError(t, err)
	p.put(dir+"/checkpoint", p.checkpointAt(t, number, len(entries), root, closed))
}

// checkpoint returns a checkpoint that the operator signed.
func (p *poll) checkpoint(t testing.TB, size int, root tlog.Hash, closed bool) []byte {
	t.Helper()
	return p.checkpointAt(t, 1, size, root, closed)
}

// checkpointAt is checkpoint of a box.
func (p *poll) checkpointAt(t testing.TB, number, size int, root tlog.Hash, closed bool) []byte {
	t.Helper()
	text := fmt.Sprintf("%s/%v\n%d\n%v\n", p.Manifest.Logs()[number-1].Origin, p.Manifest.ID(), size, root)
	if closed {
		text += "closed\n"
	}
	return signed(t, text, p.LogKeys[number-1])
}

// signed makes a note signed with a box's key.
func signed(t testing.TB, text, key string) []byte {
	t.Helper()
	signer, err := note.NewSigner(key)
	require.NoError(t, err)
	checkpoint, err := note.Sign(&note.Note{Text: text}, signer)
	require.NoError(t, err)
	return checkpoint
}

// storedHashes are the hashes of the tree of these entries.
func storedHashes(t testing.TB, entries [][]byte) *tlogHashes {
	t.Helper()
	hashes := new(tlogHashes)
	for i, raw := range entries {
		stored, err := tlog.StoredHashes(int64(i), raw, hashes)
		require.NoError(t, err)
		*hashes = append(*hashes, stored...)
	}
	return hashes
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
	r, err := Audit(context.Background(), p.files, p.known(), accept)
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

// subFS returns the log of a poll.
func subFS(t testing.TB, p *poll) fs.FS {
	t.Helper()
	dir, err := fs.Sub(p.files, LogDir)
	require.NoError(t, err)
	return dir
}

func contents(files fstest.MapFS) map[string]string {
	out := map[string]string{}
	for name, f := range files {
		out[name] = string(f.Data)
	}
	return out
}
