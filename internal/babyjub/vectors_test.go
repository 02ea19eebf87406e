package babyjub_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/internal/babyjub/babyjubtest"
)

func hexOf(b []byte) string { return hex.EncodeToString(b) }

type named struct {
	Name  string `json:"name"`
	Bytes string `json:"bytes"`
}

type vectors struct {
	Comment   string   `json:"comment"`
	Order     string   `json:"order"`
	Generator string   `json:"generator"`
	Torsion   []string `json:"torsion"`

	GeneratorMultiples []struct{ Scalar, Point string }                `json:"generator_multiples"`
	Products           []struct{ Point, Scalar, Product string }       `json:"products_outside_the_subgroup"`
	Uniform            []struct{ Bytes, Scalar string }                `json:"scalars_from_64_bytes"`
	Hashes             []struct{ Label, U0, U1, P0, P1, Point string } `json:"hash_to_curve"`
	RejectedScalars    []named                                         `json:"rejected_scalars"`
	RejectedPoints     []named                                         `json:"rejected_points"`
	RejectedSubgroup   []named                                         `json:"points_rejected_where_a_subgroup_point_is_due"`
}

func readVectors(t *testing.T) vectors {
	t.Helper()
	b, err := os.ReadFile("../../testdata/babyjub.json")
	require.NoError(t, err)
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var v vectors
	require.NoError(t, d.Decode(&v))
	return v
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func pointHex(p *babyjub.Point) string {
	b := p.Bytes()
	return hexOf(b[:])
}

func scalarFromHex(t *testing.T, s string) *babyjub.Scalar {
	t.Helper()
	var x babyjub.Scalar
	require.NoError(t, x.SetBytes(unhex(t, s)))
	return &x
}

func TestVectors(t *testing.T) {
	v := readVectors(t)
	require.Equal(t, v.Order, hexOf(groupOrder.FillBytes(make([]byte, 32))))
	require.Equal(t, v.Generator, pointHex(babyjub.NewGenerator()))

	torsion := babyjubtest.Torsion()
	require.Len(t, v.Torsion, len(torsion))
	for k := range torsion {
		require.Equal(t, v.Torsion[k], pointHex(&torsion[k]))
	}

	require.NotEmpty(t, v.GeneratorMultiples)
	for _, c := range v.GeneratorMultiples {
		s := scalarFromHex(t, c.Scalar)
		require.Equal(t, c.Point, pointHex(new(babyjub.Point).ScalarBaseMul(s)))
	}
	require.NotEmpty(t, v.Products)
	for _, c := range v.Products {
		var p babyjub.Point
		require.NoError(t, p.SetBytes(unhex(t, c.Point)))
		require.Equal(t, c.Product, pointHex(p.ScalarMul(scalarFromHex(t, c.Scalar), &p)))
	}
	require.NotEmpty(t, v.Uniform)
	for _, c := range v.Uniform {
		got := new(babyjub.Scalar).SetUniformBytes(unhex(t, c.Bytes)).Bytes()
		require.Equal(t, c.Scalar, hexOf(got[:]))
	}
}

func TestVectorsOfHashToCurve(t *testing.T) {
	v := readVectors(t)
	require.NotEmpty(t, v.Hashes)
	for _, c := range v.Hashes {
		p := babyjub.HashToPoint(c.Label)
		require.Equal(t, c.Point, pointHex(&p), "%q", c.Label)
		for u, want := range map[string]string{c.U0: c.P0, c.U1: c.P1} {
			var e babyjub.Field
			require.NoError(t, e.SetBytesCanonical(unhex(t, u)))
			p = babyjub.MapToCurve(&e)
			require.Equal(t, want, pointHex(&p), "%q", c.Label)
		}
	}
}

// The example in docs/spec/babyjub.md.
func TestHashToCurveExampleOfTheSpecification(t *testing.T) {
	spec, err := os.ReadFile("../../docs/spec/babyjub.md")
	require.NoError(t, err)
	p := babyjub.HashToPoint("abc")
	o := oracleOf(&p)
	require.Contains(t, string(spec), "x  = "+o.x.String())
	require.Contains(t, string(spec), "y  = "+o.y.String())
	u := expandMessage("abc", babyjub.HashDST, 96)
	for i, name := range []string{"u0 = ", "u1 = "} {
		n := new(big.Int).SetBytes(u[48*i : 48*(i+1)])
		require.Contains(t, string(spec), name+n.Mod(n, fieldOrder).String())
	}
}

func TestRejectsTheVectorsToReject(t *testing.T) {
	v := readVectors(t)
	require.NotEmpty(t, v.RejectedScalars)
	for _, c := range v.RejectedScalars {
		require.ErrorIs(t, new(babyjub.Scalar).SetBytes(unhex(t, c.Bytes)), babyjub.ErrEncoding, c.Name)
	}
	require.NotEmpty(t, v.RejectedPoints)
	for _, c := range v.RejectedPoints {
		require.ErrorIs(t, new(babyjub.Point).SetBytes(unhex(t, c.Bytes)), babyjub.ErrEncoding, c.Name)
		require.ErrorIs(t, new(babyjub.Point).SetSubgroupBytes(unhex(t, c.Bytes)), babyjub.ErrEncoding, c.Name)
	}
	require.NotEmpty(t, v.RejectedSubgroup)
	for _, c := range v.RejectedSubgroup {
		require.NoError(t, new(babyjub.Point).SetBytes(unhex(t, c.Bytes)), c.Name)
		require.ErrorIs(t, new(babyjub.Point).SetSubgroupBytes(unhex(t, c.Bytes)), babyjub.ErrSubgroup, c.Name)
	}
}
