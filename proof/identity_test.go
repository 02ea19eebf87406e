package proof

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/census"
)

func TestIdentityRoundTrip(t *testing.T) {
	id := NewIdentity()
	b := id.Bytes()
	again, err := ParseIdentity(b[:])
	require.NoError(t, err)
	require.Equal(t, id.Commitment(), again.Commitment())
	require.NotEqual(t, id.Commitment(), NewIdentity().Commitment())
}

func TestRejectsMalformedIdentities(t *testing.T) {
	q, _ := new(big.Int).SetString("2736030358979909402780800718157159386076813972158567259200215660948447373041", 10)
	one := big.NewInt(1)
	_, err := ParseIdentity(new(big.Int).Sub(q, one).FillBytes(make([]byte, 32)))
	require.NoError(t, err)
	for _, v := range []*big.Int{
		new(big.Int), q, new(big.Int).Add(q, one), fr.Modulus(), new(big.Int).Sub(new(big.Int).Lsh(one, 256), one),
	} {
		_, err := ParseIdentity(v.FillBytes(make([]byte, 32)))
		require.ErrorIs(t, err, ErrMalformed)
	}
	b := NewIdentity().Bytes()
	long := append(b[:], make([]byte, 100)...)
	for n := range len(long) + 1 {
		if n != 32 {
			_, err := ParseIdentity(long[:n])
			require.ErrorIs(t, err, ErrMalformed, "%d bytes", n)
		}
	}
}

// testdata/semaphore-exports.json was made with @semaphore-protocol/identity 4.14.3: export() of identities of
// text and byte keys, and the commitment.
func TestExportedIdentitiesAreSemaphores(t *testing.T) {
	var list []struct{ Exported, Commitment string }
	b, err := os.ReadFile("testdata/semaphore-exports.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &list))
	require.NotEmpty(t, list)
	for _, v := range list {
		id, err := ImportIdentity(v.Exported)
		require.NoError(t, err)
		require.Equal(t, decimal(t, v.Commitment), [32]byte(id.Commitment()))
		exported, err := id.Export()
		require.NoError(t, err)
		require.Equal(t, v.Exported, exported)
	}
	id := NewIdentity()
	exported, err := id.Export()
	require.NoError(t, err)
	again, err := ImportIdentity(exported)
	require.NoError(t, err)
	require.Equal(t, id.Bytes(), again.Bytes())

	key := []byte("the caller's own bytes")
	id = IdentityFromKey(key)
	exported, err = id.Export()
	require.NoError(t, err)
	clear(key)
	unchanged, err := id.Export()
	require.NoError(t, err)
	require.Equal(t, exported, unchanged)
}

func TestRejectsWhatIsNoExportedIdentity(t *testing.T) {
	for _, text := range []string{"", "=", "AA", "AA=", "AB==", "AA==\n", "A A=", "dm90ZXItMA==x", "_-8=", "0x1234", "[\"a\",\"b\"]"} {
		_, err := ImportIdentity(text)
		require.ErrorIs(t, err, ErrMalformed, "%q", text)
	}
	b := NewIdentity().Bytes()
	id, err := ParseIdentity(b[:])
	require.NoError(t, err)
	_, err = id.Export()
	require.ErrorIs(t, err, ErrMalformed)
	_, err = new(Identity).Export()
	require.ErrorIs(t, err, ErrMalformed)
}

func TestIdentityIsRedacted(t *testing.T) {
	id := NewIdentity()
	b := id.Bytes()
	secrets := []string{hex.EncodeToString(b[:]), new(big.Int).SetBytes(b[:]).String()}
	for i := 0; i < len(b); i += 8 {
		secrets = append(secrets, fmt.Sprint(b[i:i+8]), fmt.Sprintf("%x", b[i:i+8]), fmt.Sprintf("%X", b[i:i+8]))
	}
	key := id.key()
	exported, err := id.Export()
	require.NoError(t, err)
	secrets = append(secrets, exported, string(key), fmt.Sprint(key[:8]), hex.EncodeToString(key[:8]))
	limbs := reflect.ValueOf(id.scalar()).Field(0) // what fmt finds where it does not ask Format
	require.Equal(t, 4, limbs.Len())
	for i := range limbs.Len() {
		limb := limbs.Index(i).Uint()
		secrets = append(secrets, fmt.Sprint(limb), fmt.Sprintf("%x", limb), fmt.Sprintf("%X", limb))
	}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%d", "%q", "%t", "%p", "%w", "%!", "%[2]d", "%*d"} {
		fmt.Fprintf(&out, verb+" ", *id)
		fmt.Fprintf(&out, verb+" ", struct{ ID Identity }{*id})
		fmt.Fprintf(&out, verb+" ", struct{ id Identity }{*id})
		fmt.Fprintf(&out, verb+" ", []Identity{*id})
		fmt.Fprintf(&out, verb+" ", id)
		fmt.Fprintf(&out, verb+" ", struct{ ID *Identity }{id})
		fmt.Fprintf(&out, verb+" ", struct{ id *Identity }{id})
		fmt.Fprint(&out, fmt.Errorf(verb+" ", id))
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("voter", "id", id, "value", *id)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("voter", "id", id, "value", *id)
	for _, secret := range secrets {
		require.NotContains(t, out.String(), secret)
	}
	require.Contains(t, out.String(), "Identity(redacted)")

	_, err = json.Marshal(id)
	require.Error(t, err)
	_, err = json.Marshal(struct{ ID Identity }{*id})
	require.Error(t, err)
}

func TestTheZeroValueIsNoIdentity(t *testing.T) {
	id := new(Identity)
	require.Zero(t, id.Commitment())
	b := id.Bytes()
	_, err := ParseIdentity(b[:])
	require.ErrorIs(t, err, ErrMalformed)
	_, err = CheckRegistration(id.Register(nil), nil)
	require.ErrorIs(t, err, ErrMalformed)
	_, err = (&Statement{}).Claim(id)
	require.ErrorIs(t, err, census.ErrMalformed)
}

func TestNullifierIsPerIdentityAndScope(t *testing.T) {
	a, b := NewIdentity(), NewIdentity()
	require.Equal(t, a.Nullifier(Scope{1}), a.Nullifier(Scope{1}))
	require.NotEqual(t, a.Nullifier(Scope{1}), a.Nullifier(Scope{2}))
	require.NotEqual(t, a.Nullifier(Scope{1}), b.Nullifier(Scope{1}))
}

// The nullifiers of Semaphore's proofs are those of the identities that made them.
func TestNullifiersAreSemaphores(t *testing.T) {
	var list []struct{ PrivateKey string }
	readVectors(t, "identities.json", &list)
	for _, p := range semaphoreProofs(t) {
		found := false
		for _, v := range list {
			found = found || IdentityFromKey([]byte(v.PrivateKey)).Nullifier(p.Scope) == p.Membership.Nullifier
		}
		require.True(t, found, "a proof at depth %d", p.depth)
	}
}

func TestDeriveSeparatesItsUses(t *testing.T) {
	id, other := IdentityFromKey([]byte("one")), IdentityFromKey([]byte("two"))
	seen := map[[64]byte]string{}
	for name, out := range map[string][64]byte{
		"":              id.Derive("ballot-key", []byte("election")),
		"label":         id.Derive("ballot", []byte("election")),
		"context":       id.Derive("ballot-key", []byte("electio")),
		"boundary":      id.Derive("ballot-keye", []byte("lection")),
		"empty context": id.Derive("ballot-key", nil),
		"identity":      other.Derive("ballot-key", []byte("election")),
	} {
		require.Empty(t, seen[out])
		seen[out] = name
	}
	require.Equal(t, id.Derive("ballot-key", []byte("election")), id.Derive("ballot-key", []byte("election")))
}

func TestNullifierText(t *testing.T) {
	n := NewIdentity().Nullifier(Scope{7})
	text, err := n.MarshalText()
	require.NoError(t, err)
	require.Equal(t, n.String(), string(text))
	var again Nullifier
	require.NoError(t, again.UnmarshalText(text))
	require.Equal(t, n, again)
	parsed, err := ParseNullifier(n[:])
	require.NoError(t, err)
	require.Equal(t, n, parsed)

	for _, bad := range []string{
		"", "-1", "+1", "01", "1_0", "0x10", " 1", "1 ", "1e3", "٣", fr.Modulus().String(), strings.Repeat("9", 78), strings.Repeat("0", 1000),
	} {
		require.ErrorIs(t, again.UnmarshalText([]byte(bad)), ErrMalformed, "%q", bad)
		require.Equal(t, n, again, "unchanged on error")
	}
	// Longer ones are not even computed: that takes long for very long ones.
	require.ErrorContains(t, again.UnmarshalText(bytes.Repeat([]byte("9"), 78)), "nullifier of 78 digits")
	for size := range 133 {
		if size != 32 {
			_, err := ParseNullifier(make([]byte, size))
			require.ErrorIs(t, err, ErrMalformed)
		}
	}
	for _, b := range [][]byte{fr.Modulus().Bytes(), bytes.Repeat([]byte{0xff}, 32)} {
		_, err := ParseNullifier(b)
		require.ErrorIs(t, err, ErrMalformed)
		_, err = Nullifier(b).MarshalText()
		require.ErrorIs(t, err, ErrMalformed)
	}
}

// The vectors of docs/spec/membership.md, section 8.
func TestVectorsOfTheSpecification(t *testing.T) {
	id := IdentityFromKey([]byte("voter-0"))
	var scope Scope
	h := signal(scope)
	require.Equal(t, "00290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e5", fmt.Sprintf("%x", h.Bytes()))
	require.Equal(t, "7762903405667088386181703402431241931249831242625906414818892674730271762363", id.Nullifier(scope).String())
	registration, err := hex.DecodeString("011c0e9a8155fa4237cf40cf14a324ed6db4453b0f032f524051b99cb95dc422c02021002fb577fe48e6e965c20c7bb5ff2fb6f587b21a078d9b70d5e20341c08f" +
		"1e5cb5352d50080f8430cb4baf786284f836328ada07598beaaa0edee3afac2c0bf05c0b77504b943e53f53a00b8f5bece377d83888f84d83008041b4e6b0a5504" +
		"ce5db04dab8bc1c852920d919d2ab4bac5150d02c5e8c1fc8f12ad8866ef74")
	require.NoError(t, err)
	c, err := CheckRegistration(registration, []byte("roll, entry 1"))
	require.NoError(t, err)
	require.Equal(t, id.Commitment(), c)
	require.Equal(t, "a8827f9b694aba086fa6bbf3822579cd310c76508340d8278bf8abfd59e7dfa9"+
		"c45403392906de650e1bdb2f4828cdd98d46e304b878755369b0d2ce64091436",
		fmt.Sprintf("%x", id.Derive("ballot-key", []byte("election"))))
	require.Equal(t, "f6819a393eb4f863e134776a0ee544721d1e804ad1df91e8abb78063a69e7ae4", fmt.Sprintf("%x", semaphoreKeys()[19].Digest()))
}
