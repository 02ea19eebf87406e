package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The test program itself plays the roles that processes have.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 2 && os.Args[1] == "succeed":
		os.Exit(0)
	case len(os.Args) == 2 && os.Args[1] == "fail":
		fmt.Fprintln(os.Stderr, "the reason")
		os.Exit(1)
	case len(os.Args) == 2 && os.Args[1] == "hang":
		time.Sleep(time.Hour)
	}
	os.Exit(m.Run())
}

func TestFilesAppearWholeAndKeepTheirModes(t *testing.T) {
	dir := t.TempDir()
	public, secret := filepath.Join(dir, "mail", "a.msg"), filepath.Join(dir, "private", "b")
	require.NoError(t, Put(public, []byte("public")))
	require.NoError(t, PutSecret(secret, []byte("secret")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mail", ".new-1.msg"), nil, 0o600))
	require.Equal(t, []string{public}, List(filepath.Join(dir, "mail"), "*.msg"))
	require.Empty(t, List(filepath.Join(dir, "nowhere"), "*"))

	mode := func(path string) os.FileMode {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Mode().Perm()
	}
	require.EqualValues(t, 0o600, mode(secret))
	require.EqualValues(t, 0o700, mode(filepath.Dir(secret)))
	require.EqualValues(t, 0o644, mode(public))
	b, err := Read(public)
	require.NoError(t, err)
	require.Equal(t, "public", string(b))
}

func TestReadIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, f.Truncate(maxMessage+1))
	require.NoError(t, f.Close())
	_, err = Read(path)
	require.ErrorContains(t, err, "more than")
}

func TestTakeWaitsUntilTheContextEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "later")
	go func() {
		time.Sleep(20 * time.Millisecond)
		_ = Put(path, []byte("here"))
	}()
	b, err := Take(t.Context(), path)
	require.NoError(t, err)
	require.Equal(t, "here", string(b))

	reason := errors.New("somebody failed")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	_, err = Take(ctx, path+"-not")
	require.ErrorIs(t, err, reason)
}

func TestProcesses(t *testing.T) {
	require.NoError(t, Run(t.Context(), "succeed"))
	require.EqualError(t, Run(t.Context(), "fail"), "the reason")

	p, err := Start(t.Context(), "hang")
	require.NoError(t, err)
	p.Kill()
	require.Error(t, p.Wait())

	done := 0
	require.NoError(t, RunAll(t.Context(), 2, [][]string{{"succeed"}, {"succeed"}, {"succeed"}}, func(n int) { done = n }))
	require.Equal(t, 3, done)
	require.EqualError(t, RunAll(t.Context(), 2, [][]string{{"succeed"}, {"fail"}, {"hang"}}, func(int) {}), "the reason")
}

func TestACrewEndsWithItsFirstFailure(t *testing.T) {
	crew, ctx := NewCrew(t.Context())
	require.NoError(t, crew.Start("hang"))
	require.NoError(t, crew.Start("fail"))
	<-ctx.Done()
	require.EqualError(t, crew.Wait(), "the reason")
}

func TestUsageErrors(t *testing.T) {
	err := Usagef("-voters %d", 0)
	require.ErrorIs(t, err, ErrUsage)
	require.EqualError(t, err, "-voters 0")
	require.NotErrorIs(t, errors.New("-voters 0"), ErrUsage)
}
