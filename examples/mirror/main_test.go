package main

import (
	"bytes"
	"context"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/ballot"
	"github.com/scrutin/scrutin/ballot/box"
	"github.com/scrutin/scrutin/examples/internal/stage"
	"github.com/scrutin/scrutin/internal/electiontest"
)

// A scene is an election whose box publishes its log on a web server, and an observer's files.
type scene struct {
	*electiontest.Election
	now     atomic.Int64
	public  string // what the web server serves
	server  *httptest.Server
	handler atomic.Value // the server's http.HandlerFunc
	key     *box.WitnessKey
	args    []string
	to      string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{Election: electiontest.New(t, electiontest.Config{Voters: 6}), public: t.TempDir()}
	s.now.Store(s.Manifest.Opens())
	s.handler.Store(http.StripPrefix("/log", http.FileServer(http.Dir(s.public))).ServeHTTP)
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.handler.Load().(func(http.ResponseWriter, *http.Request))(w, r)
	}))
	t.Cleanup(s.server.Close)

	dir := t.TempDir()
	manifest, key := filepath.Join(dir, "manifest.json"), filepath.Join(dir, "w1.key")
	require.NoError(t, os.WriteFile(manifest, s.Manifest.Bytes(), 0o600))
	var out bytes.Buffer
	require.NoError(t, run(context.Background(), []string{"-keygen", "witness.example.org/w1", "-key", key}, &out))
	var err error
	s.key, err = box.ParseWitnessKey(strings.TrimSpace(out.String()))
	require.NoError(t, err)
	s.to = filepath.Join(dir, "copy")
	s.args = []string{"-from", s.server.URL + "/log/", "-manifest", manifest, "-key", key, "-to", s.to}
	return s
}

func (s *scene) open(t *testing.T) *box.Box {
	t.Helper()
	b, err := box.Open(t.TempDir(), s.Manifest, box.Config{
		Verifier: s.Verifier(t), Key: s.LogKey, Signatures: s.Signatures, Now: func() time.Time { return time.Unix(s.now.Load(), 0) },
	})
	require.NoError(t, err)
	t.Cleanup(func() { b.Close() })
	return b
}

func (s *scene) cast(t *testing.T, b *box.Box, voters ...int) {
	t.Helper()
	for _, i := range voters {
		_, err := b.Cast(context.Background(), s.Ballot(t, i, 0, i).Bytes())
		require.NoError(t, err)
	}
}

func (s *scene) mirror(more ...string) (string, error) {
	var out bytes.Buffer
	err := run(context.Background(), append(s.args, more...), &out)
	return out.String(), err
}

func (s *scene) checkCopy(t *testing.T, want *box.Checkpoint) {
	t.Helper()
	l, err := box.OpenLog(os.DirFS(s.to), s.Manifest)
	require.NoError(t, err)
	c := l.Checkpoint()
	require.Equal(t, want.Digest(), c.Digest())
	require.Len(t, c.Cosignatures(s.key), 1)
	n := uint64(0)
	for _, err := range l.Entries(context.Background()) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, want.Size, n)
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var b []byte
			b, err = os.ReadFile(path)
			out[path] = string(b)
		}
		return err
	}))
	return out
}

func TestCopiesALogThatGrows(t *testing.T) {
	s := newScene(t)
	b := s.open(t)
	require.NoError(t, b.Export(s.public))
	for i := range 4 {
		out, err := s.mirror("-once") // each time a new start
		require.NoError(t, err)
		require.Contains(t, out, "ballots, root "+b.Checkpoint().Hash.String())
		s.checkCopy(t, b.Checkpoint())
		s.cast(t, b, i)
		require.NoError(t, b.Export(s.public))
	}

	// A mirror that stays follows the log to its end, and ends.
	ctx := context.Background()
	ended := make(chan error)
	go func() {
		ended <- run(ctx, append(s.args, "-every", "2ms"), new(bytes.Buffer))
	}()
	s.cast(t, b, 4)
	require.NoError(t, b.Export(s.public))
	s.now.Store(s.Manifest.Closes())
	final, err := b.Seal(ctx)
	require.NoError(t, err)
	require.NoError(t, b.Export(s.public))
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("the log is closed, and the mirror goes on")
	}
	s.checkCopy(t, final)
}

func TestStopsWhenTheBoxRewritesHistory(t *testing.T) {
	s := newScene(t)
	first, second := s.open(t), s.open(t)
	s.cast(t, first, 0, 1, 2)
	s.cast(t, second, 0, 3, 1, 2)
	require.NoError(t, first.Export(s.public))
	_, err := s.mirror("-once")
	require.NoError(t, err)
	before := contents(t, s.to)

	require.NoError(t, os.RemoveAll(s.public))
	require.NoError(t, second.Export(s.public))
	_, err = s.mirror("-every", "1ms") // it stops by itself
	require.ErrorIs(t, err, errCheated)
	require.Equal(t, before, contents(t, s.to), "the copy of the first history stays")

	b, err := os.ReadFile(s.to + ".evidence.json")
	require.NoError(t, err)
	e, err := box.ParseEvidence(s.Manifest, b)
	require.NoError(t, err)
	require.NoError(t, e.Verify(s.Manifest))
	require.Equal(t, box.Rewritten, e.Kind)

	s.server.Close()
	_, err = s.mirror("-once")
	require.ErrorIs(t, err, errCheated, "it does not start again as if nothing had been")
	require.NoError(t, os.WriteFile(s.to+".evidence.json", b[:len(b)-1], 0o600))
	_, err = s.mirror("-once")
	require.ErrorIs(t, err, ballot.ErrMalformed)
}

// The box signs a second history, shows its checkpoint and withholds its files.
func TestKeepsASignedCheckpointUntilItCanBeCompared(t *testing.T) {
	s := newScene(t)
	honest, forked := s.open(t), s.open(t)
	s.cast(t, honest, 0, 1)
	s.cast(t, forked, 0, 2, 1)
	publish := func(b *box.Box) {
		require.NoError(t, os.RemoveAll(s.public))
		require.NoError(t, b.Export(s.public))
	}
	publish(honest)
	_, err := s.mirror("-once")
	require.NoError(t, err)

	require.NoError(t, os.RemoveAll(s.public))
	require.NoError(t, os.Mkdir(s.public, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(s.public, "checkpoint"), forked.Checkpoint().Note, 0o600))
	for range 2 {
		out, err := s.mirror("-once")
		require.Error(t, err)
		require.NotErrorIs(t, err, errCheated)
		require.Contains(t, out, "mirror: 1 signed checkpoints could not be compared with the copy; they are kept in "+s.to+".unproven\n")
		require.Len(t, contents(t, s.to+".unproven"), 1)
	}
	publish(honest)
	_, err = s.mirror("-once")
	require.NoError(t, err, "the copy is too short to tell")
	s.cast(t, honest, 3, 4)
	publish(honest)
	_, err = s.mirror("-every", "1ms")
	require.ErrorIs(t, err, errCheated)
	b, err := os.ReadFile(s.to + ".evidence.json")
	require.NoError(t, err)
	e, err := box.ParseEvidence(s.Manifest, b)
	require.NoError(t, err)
	require.NoError(t, e.Verify(s.Manifest))
	require.Equal(t, box.Rewritten, e.Kind)
	require.EqualValues(t, 3, e.First.Size)
}

func TestForgetsWhatWasComparedAndKeepsFewOthers(t *testing.T) {
	s := newScene(t)
	b := s.open(t)
	s.cast(t, b, 0)
	require.NoError(t, b.Export(s.public))
	_, err := s.mirror("-once")
	require.NoError(t, err)
	kept := unproven(s.to + ".unproven")
	require.NoError(t, kept.keep(os.ErrNotExist))
	require.NoDirExists(t, string(kept))
	for i := range uint64(maxUnproven + 3) {
		require.NoError(t, kept.keep(&box.Unproven{Checkpoint: &box.Checkpoint{Size: i + 7, Note: []byte("a note")}, Err: os.ErrNotExist}))
	}
	require.Len(t, contents(t, string(kept)), maxUnproven)
	require.NoError(t, os.RemoveAll(string(kept)))

	s.cast(t, b, 1) // its files come late
	require.NoError(t, kept.keep(&box.Unproven{Checkpoint: b.Checkpoint(), Err: os.ErrNotExist}))
	out, err := s.mirror("-once")
	require.NoError(t, err)
	require.Contains(t, out, "1 signed checkpoints")
	s.cast(t, b, 2)
	require.NoError(t, b.Export(s.public))
	out, err = s.mirror("-once")
	require.NoError(t, err)
	require.NotContains(t, out, "signed checkpoints")
	require.NoDirExists(t, string(kept))
}

// A write of the witness's file fails once, because something is in its way.
func TestGoesOnWhenTheDiskHasRecovered(t *testing.T) {
	s := newScene(t)
	b := s.open(t)
	s.now.Store(s.Manifest.Closes())
	final, err := b.Seal(context.Background())
	require.NoError(t, err)
	require.NoError(t, b.Export(s.public))
	obstacle := s.to + ".witness.new"
	require.NoError(t, os.Mkdir(obstacle, 0o700))
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	failures := 0
	out := writer(func(line string) {
		if strings.Contains(line, "trying again") {
			if failures++; failures == 3 {
				require.NoError(t, os.Remove(obstacle))
			}
		}
	})
	require.NoError(t, run(ctx, append(s.args, "-every", "1ms"), out))
	require.NoError(t, ctx.Err(), "it says that it tries again, for ever")
	require.Equal(t, 3, failures)
	s.checkCopy(t, final)
}

type writer func(line string)

func (w writer) Write(b []byte) (int, error) {
	w(string(b))
	return len(b), nil
}

// What no waiting mends ends the mirror.
func TestStopsWhenItsFilesAreDamaged(t *testing.T) {
	s := newScene(t)
	b := s.open(t)
	s.cast(t, b, 0)
	require.NoError(t, b.Export(s.public))
	_, err := s.mirror("-once")
	require.NoError(t, err)
	require.NoError(t, os.Remove(s.to+".witness"))
	_, err = s.mirror("-every", "1ms")
	require.ErrorIs(t, err, box.ErrDamaged)
	require.NoFileExists(t, s.to+".witness", "it cosigned nothing")
}

func TestCopiesIntoTheWorkingDirectory(t *testing.T) {
	s := newScene(t)
	b := s.open(t)
	s.cast(t, b, 0)
	require.NoError(t, b.Export(s.public))
	s.to = filepath.Join(t.TempDir(), "copy")
	require.NoError(t, os.Mkdir(s.to, 0o755))
	t.Chdir(s.to)
	_, err := s.mirror("-once", "-to", ".")
	require.NoError(t, err)
	s.checkCopy(t, b.Checkpoint())
	require.FileExists(t, s.to+".witness", "not in the directory that is published")
}

// Servers that never end, never begin, or say what they like.
func TestSurvivesBadServers(t *testing.T) {
	s := newScene(t)
	b := s.open(t)
	s.cast(t, b, 0, 1)
	require.NoError(t, b.Export(s.public))
	good := s.handler.Load().(func(http.ResponseWriter, *http.Request))
	endless := func(w http.ResponseWriter, r *http.Request) {
		block := bytes.Repeat([]byte("a"), 1<<16)
		for r.Context().Err() == nil {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}
	silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	dripping := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte("a"))
			_ = http.NewResponseController(w).Flush()
			time.Sleep(time.Millisecond)
		}
	}
	wordy := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = conn.Write([]byte("HTTP/1.1 404 " + strings.Repeat("\x9b", 1<<20) + "\r\n\r\n"))
		_ = conn.Close()
	}
	for name, bad := range map[string]http.HandlerFunc{
		"wordy": wordy, "endless": endless, "silent": silent, "dripping": dripping,
		"error":    func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) },
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
		"empty":    func(http.ResponseWriter, *http.Request) {},
	} {
		for _, path := range []string{"/checkpoint", "/tile/0/", "/tile/entries/"} {
			s.handler.Store(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/log"+path) {
					bad(w, r)
				} else {
					good(w, r)
				}
			})
			start := time.Now()
			var was, is runtime.MemStats
			runtime.ReadMemStats(&was)
			_, err := s.mirror("-once", "-timeout", "100ms")
			runtime.ReadMemStats(&is)
			require.Error(t, err, "%s %s", name, path)
			require.Less(t, len(err.Error()), 2048, "%s %s", name, path)
			require.NotErrorIs(t, err, errCheated)
			require.Less(t, time.Since(start), 5*time.Second)
			require.Less(t, is.TotalAlloc-was.TotalAlloc, uint64(256<<20))
			require.NoFileExists(t, filepath.Join(s.to, "checkpoint"))
			require.NoFileExists(t, s.to+".evidence.json")
		}
	}
	s.handler.Store(good)
	_, err := s.mirror("-once")
	require.NoError(t, err)
	s.checkCopy(t, b.Checkpoint())
}

func TestUsage(t *testing.T) {
	s := newScene(t)
	for _, args := range [][]string{
		{}, {"-once"}, {"-key", "k"}, {"x"}, append(s.args, "more"), append(s.args, "-every", "0s"), append(s.args, "-timeout", "-1s"),
		append(s.args, "-from", "ftp://box.example.org"), append(s.args, "-from", "box.example.org"), append(s.args, "-manifest", "missing"),
		append(s.args, "-key", "missing"), append(s.args, "-manifest", s.args[5]), {"-keygen", "two words", "-key", filepath.Join(t.TempDir(), "k")},
		{"-keygen", "w", "-key", s.args[5]}, append(s.args, "-every", "soon"),
	} {
		require.ErrorIs(t, run(context.Background(), args, new(bytes.Buffer)), stage.ErrUsage, "%v", args)
	}
	info, err := os.Stat(s.args[5])
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm(), "the secret key is the owner's alone")
}
