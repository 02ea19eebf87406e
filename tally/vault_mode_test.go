package tally

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// The files of trustees and organisers are their owner's alone, also those that came with wider modes; what is in
// them is encrypted; and no other passphrase opens them.
func TestSecretFilesArePrivateAndEncrypted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes")
	}
	modes := func(dir string) map[string]fs.FileMode {
		out := map[string]fs.FileMode{}
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, e := range entries {
			info, err := e.Info()
			require.NoError(t, err)
			out[e.Name()] = info.Mode()
		}
		return out
	}
	type party struct {
		open func(path string, passphrase []byte) (*vault, error)
	}
	for kind, p := range map[string]party{
		"trustee": {func(path string, passphrase []byte) (*vault, error) {
			x, err := OpenTrustee(path, passphrase)
			if err != nil {
				return nil, err
			}
			return x.vault, nil
		}},
		"organiser": {func(path string, passphrase []byte) (*vault, error) {
			x, err := OpenOrganiser(path, passphrase)
			if err != nil {
				return nil, err
			}
			return x.vault, nil
		}},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, kind)
		v, err := p.open(path, passphrase)
		require.NoError(t, err)
		require.NoError(t, v.once("entry", [32]byte{1}, "refused"))
		for name, mode := range modes(dir) {
			require.Equal(t, fs.FileMode(0o600), mode, "%s: %s", kind, name)
		}

		sealed, err := os.ReadFile(path)
		require.NoError(t, err)
		require.True(t, bytes.HasPrefix(sealed, []byte("age-encryption.org/v1\n-> scrypt ")))
		scalar := v.x.Bytes()
		for name := range modes(dir) {
			b, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			for _, secret := range [][]byte{v.seed[:], scalar[:]} {
				require.False(t, bytes.Contains(b, secret), name)
				require.NotContains(t, string(b), fmt.Sprintf("%x", secret), name)
			}
		}

		for _, wrong := range [][]byte{nil, {}, []byte("wrong"), append(bytes.Clone(passphrase), ' '), passphrase[:len(passphrase)-1], bytes.ToUpper(passphrase)} {
			_, err := p.open(path, wrong)
			require.ErrorIs(t, err, ErrPassphrase, "%s, %q", kind, wrong)
			require.NotContains(t, err.Error(), fmt.Sprintf("%x", v.seed))
		}

		for _, mode := range []fs.FileMode{0o644, 0o666, 0o777, 0o660} {
			for name := range modes(dir) {
				require.NoError(t, os.Chmod(filepath.Join(dir, name), mode))
			}
			_, err := p.open(path, []byte("wrong"))
			require.ErrorIs(t, err, ErrPassphrase)
			again, err := p.open(path, passphrase)
			require.NoError(t, err, "%s with mode %v", kind, mode)
			require.Equal(t, v.seed, again.seed)
			require.Equal(t, fs.FileMode(0o600), modes(dir)[kind], "%s with mode %v", kind, mode)
		}
	}

	// One kind's file is not the other's, and a damaged one is none.
	path := filepath.Join(t.TempDir(), "key")
	_, err := OpenTrustee(path, passphrase)
	require.NoError(t, err)
	_, err = OpenOrganiser(path, passphrase)
	require.Error(t, err)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, at := range []int{len(b) - 1, len(b) / 2, 40} {
		bad := bytes.Clone(b)
		bad[at] ^= 1
		require.NoError(t, os.WriteFile(path, bad, 0o600))
		_, err := OpenTrustee(path, passphrase)
		require.Error(t, err, "byte %d", at)
	}
}

// The file says how much work scrypt is: more than what we write is refused before any of it is done.
func TestWorkIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	_, err := OpenTrustee(path, passphrase)
	require.NoError(t, err)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, work := range []int{ScryptWorkFactor + 1, 22, 62} {
		heavy := bytes.Replace(b, fmt.Appendf(nil, " %d\n", scryptWorkFactor), fmt.Appendf(nil, " %d\n", work), 1)
		require.NotEqual(t, b, heavy)
		require.NoError(t, os.WriteFile(path, heavy, 0o600))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := OpenTrustee(path, passphrase)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, ErrMalformed)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
	}
}
