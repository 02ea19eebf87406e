package prover

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"
)

// The file of a proving key of any bytes, and the good one with some bytes replaced, under the digest that belongs
// to it: what is read is written again as it was.
func FuzzProvingKey(f *testing.F) {
	good := file(f, testKey(f, false))
	f.Add([]byte(magic), uint32(0))
	f.Add([]byte{1}, uint32(len(magic)))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff}, uint32(len(magic)+34+450))
	f.Add(good[:2000], uint32(0))
	f.Fuzz(func(t *testing.T, data []byte, at uint32) {
		changed := bytes.Clone(good)
		copy(changed[int(at)%len(changed):], data)
		for _, b := range [][]byte{data, changed} {
			if bytes.Equal(b, good) {
				continue
			}
			k, err := ReadProvingKey(bytes.NewReader(b), sha256.Sum256(b))
			if err == nil {
				require.Equal(t, b, file(t, k))
			}
			_, err = ReadProvingKey(bytes.NewReader(b), sha256.Sum256(good))
			require.Error(t, err, "another file's digest")
		}
	})
}
