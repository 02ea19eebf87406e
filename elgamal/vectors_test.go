package elgamal_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/wire"
)

type vectors struct {
	Comment    string
	Secret     wire.Hex // x
	Key        wire.Hex // x G
	Encryption []struct {
		M          uint64
		R          wire.Hex
		Ciphertext wire.Hex // Enc(m; r)
		Sum        wire.Hex // 8 Enc(m; r)
		Opened     wire.Hex // 8 m G
	}
	Share wire.Hex // of Secret, for all Sums in order
}

// The share, whose proof is hedged, is another whenever it is made: it is verified, not compared.
func TestVectors(t *testing.T) {
	const file = "testdata/vectors.json"
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	var v vectors
	require.NoError(t, json.Unmarshal(b, &v))
	var x babyjub.Scalar
	require.NoError(t, x.SetBytes(v.Secret))

	update := os.Getenv("UPDATE") != ""
	if update {
		key := mul(&x, g).Bytes()
		v.Key = key[:]
	}
	key, err := elgamal.ParsePublicKey(v.Key)
	require.NoError(t, err)
	require.True(t, key.Point().Equal(mul(&x, g)))

	var sums []elgamal.Ciphertext
	for i := range v.Encryption {
		e := &v.Encryption[i]
		var r babyjub.Scalar
		require.NoError(t, r.SetBytes(e.R))
		c := key.Encrypt(e.M, &r)
		var sum elgamal.Ciphertext
		sum.MulByCofactor(&c)
		sums = append(sums, sum)
		cb, sb, ob := c.Bytes(), sum.Bytes(), opened(e.M).Bytes()
		if update {
			e.Ciphertext, e.Sum, e.Opened = cb[:], sb[:], ob[:]
		}
		require.Equal(t, e.Ciphertext, wire.Hex(cb[:]))
		require.Equal(t, e.Sum, wire.Hex(sb[:]))
		require.Equal(t, e.Opened, wire.Hex(ob[:]))
	}
	if update {
		s, err := elgamal.NewShare(opening("e", 1, 1), &x, key.Point(), sums)
		require.NoError(t, err)
		v.Share = s.Bytes()
		b, err := json.MarshalIndent(v, "", "\t")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, append(b, '\n'), 0o644))
	}
	var s elgamal.Share
	require.NoError(t, s.SetBytes(v.Share))
	require.NoError(t, s.Verify(opening("e", 1, 1), key.Point(), sums))
	points, err := elgamal.Combine(1, map[int]*elgamal.Share{1: &s}, sums)
	require.NoError(t, err)
	for i, e := range v.Encryption {
		p := points[i].Bytes()
		require.Equal(t, e.Opened, wire.Hex(p[:]))
	}
}
