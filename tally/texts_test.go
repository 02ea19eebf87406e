package tally

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
)

func TestRecordMayLackItsTexts(t *testing.T) {
	p := base().copy()
	delete(p.files, TextFile("treaty"))
	p.put("texts/.new-1", []byte("half a tex")) // being written
	r := p.audit(t)
	require.NoError(t, r.Err())
	require.Equal(t, Opened, r.Stage)
	require.Equal(t, "audit: ok", lastLine(t, r))
	require.Regexp(t, `(?m)^check texts +incomplete: the record does not hold texts/treaty \(https://assembly\.example\.org/treaty\.txt, SHA-256 [0-9a-f]{64}\)$`, text(t, r))
}

// TestWrongTextDoesNotStopTheTrustees: it says nothing about the ballots, and anybody who passes
// the record on can put one there.
func TestWrongTextDoesNotStopTheTrustees(t *testing.T) {
	p := bare()
	p.put(TextFile("treaty"), []byte("Article 2."))
	r := p.audit(t)
	require.Equal(t, []Check{CheckTexts}, r.Failed())
	require.ErrorIs(t, r.Err(), ErrInvalid)
	_, err := base().run.trustees[1].Endorse(r)
	require.NoError(t, err)
}

func TestTextsThatAreNoFilesOfText(t *testing.T) {
	p := base().copy()
	p.put("texts/treaty/1", []byte(treaty)) // and not only the file: fstest.MapFS takes both
	delete(p.files, TextFile("treaty"))
	require.Equal(t, []Check{CheckTexts}, p.audit(t).Failed())

	dir := base().store(t)
	file := filepath.Join(dir, TextsDir)
	require.NoError(t, os.RemoveAll(file))
	require.NoError(t, os.WriteFile(file, []byte(treaty), 0o600))
	r, err := Audit(context.Background(), os.DirFS(dir), p.Manifest.ID(), accept)
	require.NoError(t, err)
	require.Equal(t, []Check{CheckTexts, CheckFiles}, r.Failed())

	require.NoError(t, os.Remove(file))
	require.NoError(t, os.Symlink(filepath.Join(base().store(t), TextsDir), file))
	r, err = Audit(context.Background(), os.DirFS(dir), p.Manifest.ID(), accept)
	require.NoError(t, err)
	require.Equal(t, []Check{CheckTexts, CheckFiles}, r.Failed(), "what a link leads to is not part of the record")
}

// TestTextsWithoutAListing are found by their names, as on a web server.
func TestTextsWithoutAListing(t *testing.T) {
	for name, want := range map[string]string{treaty: "", "Article 2.": "the manifest names"} {
		p := base().copy()
		p.put(TextFile("treaty"), []byte(name))
		r, err := Audit(context.Background(), stuck{p.files, TextsDir, errors.ErrUnsupported}, p.Manifest.ID(), accept)
		require.NoError(t, err)
		if want == "" {
			require.NoError(t, r.Err())
			continue
		}
		require.ErrorContains(t, r.Err(), want)
	}
}

// endless is a file system on which one file never ends.
type endless struct {
	fs.FS
	name string
	read *int64
}

func (e endless) Open(name string) (fs.File, error) {
	f, err := e.FS.Open(name)
	if err == nil && name == e.name {
		return endlessFile{f, e.read}, nil
	}
	return f, err
}

type endlessFile struct {
	fs.File
	read *int64
}

func (e endlessFile) Read(b []byte) (int, error) {
	*e.read += int64(len(b))
	return len(b), nil
}

func TestTextOfAnyLengthIsRefusedInLittleMemory(t *testing.T) {
	p := base()
	var read int64
	start := time.Now()
	r, err := Audit(context.Background(), endless{p.files, TextFile("treaty"), &read}, p.Manifest.ID(), accept)
	require.NoError(t, err)
	require.ErrorContains(t, r.Err(), "texts/treaty has more than 67108864 bytes")
	require.LessOrEqual(t, read, int64(maxText+1<<20))
	require.Less(t, time.Since(start), 20*time.Second)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	read = 0
	_, err = (&recordFS{under: endless{p.files, TextFile("treaty"), &read}}).digest(ctx, TextFile("treaty"), maxText)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, read)
}

func TestRecordTakesTheManifestsTextsAlone(t *testing.T) {
	dir := t.TempDir()
	record, err := OpenRecord(dir)
	require.NoError(t, err)
	require.ErrorIs(t, record.WriteDocument("treaty", strings.NewReader(treaty)), ErrInvalid, "no manifest")
	require.NoError(t, record.WriteManifest(base().Manifest))
	for question, want := range map[ballot.QuestionID]error{"projects": ErrInvalid, "other": ErrInvalid, "../treaty": ErrInvalid, "treaty": nil} {
		require.ErrorIs(t, record.WriteDocument(question, strings.NewReader(treaty)), want, question)
	}
	require.ErrorIs(t, record.WriteDocument("treaty", strings.NewReader(treaty+" ")), ErrForeign)
	require.ErrorIs(t, record.WriteDocument("treaty", iotest.ErrReader(errMedium)), errMedium)
	err = record.WriteDocument("treaty", zeros{})
	require.ErrorContains(t, err, "more than 67108864 bytes")
	written := load(t, os.DirFS(dir))
	require.Len(t, written, 2)
	require.Equal(t, treaty, string(written[TextFile("treaty")].Data), "what was refused has replaced nothing")
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func text(t testing.TB, r *Report) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, r.WriteText(&b))
	return b.String()
}
