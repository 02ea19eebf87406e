package tally

import (
	"bytes"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"
)

// A trustee's file of any bytes, and one that her passphrase opens with any bytes inside: no panic, no error that
// shows what was inside, and a key from no other content than the canonical one.
func FuzzVault(f *testing.F) {
	v := &vault{kind: "trustee", path: "no file", seed: [32]byte{1, 2, 3}}
	v.derive()
	sealed, err := v.seal(passphrase)
	require.NoError(f, err)
	plain := mustMarshal(vaultDocument{Format: v.format(), Seed: v.seed})
	f.Add(sealed, uint16(0))
	f.Add([]byte{1}, uint16(30))
	f.Add(plain, uint16(1<<16-1))
	f.Add([]byte("age-encryption.org/v1\n-> scrypt bBjlhJVYZeE4aqUdmtRHfw 62\n"), uint16(0))
	f.Fuzz(func(t *testing.T, data []byte, at uint16) {
		changed := bytes.Clone(sealed)
		copy(changed[min(int(at), len(changed)):], data)
		for _, file := range [][]byte{data, changed} { // data may be another process's sealing of the same seed
			other := &vault{kind: "trustee", path: "no file"}
			if other.unseal(file, passphrase) == nil {
				require.Equal(t, v.seed, other.seed, "a key that was not sealed")
			}
		}
		if at < 1<<15 {
			return
		}
		// Sealed by somebody who knows the passphrase.
		recipient, err := age.NewScryptRecipient(string(passphrase))
		require.NoError(t, err)
		recipient.SetWorkFactor(scryptWorkFactor)
		var out bytes.Buffer
		w, err := age.Encrypt(&out, recipient)
		require.NoError(t, err)
		_, err = w.Write(data)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		if err := (&vault{kind: "trustee", path: "no file"}).unseal(out.Bytes(), passphrase); err == nil {
			require.Contains(t, string(data), `"format":"scrutin/trustee/v1"`)
		} else {
			require.ErrorIs(t, err, ErrMalformed)
			if len(data) > 8 {
				require.NotContains(t, err.Error(), string(data))
			}
		}
	})
}
