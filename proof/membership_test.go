package proof

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/scrutin/scrutin/census"
)

func TestStatementIsAboutItsIdentity(t *testing.T) {
	id := NewIdentity()
	st := Statement{
		Path:    census.Path{Commitment: id.Commitment(), Weight: 9, Index: 1, Siblings: []census.Node{{31: 5}}},
		Scope:   Scope{1},
		Message: Message{2},
	}
	c, err := st.Claim(id)
	require.NoError(t, err)
	root, err := st.Path.Root()
	require.NoError(t, err)
	want := Claim{Scope: st.Scope, Message: st.Message}
	want.Membership = Membership{Root: root, Nullifier: id.Nullifier(st.Scope), Weight: 9}
	require.Equal(t, &want, c)

	_, err = st.Claim(NewIdentity())
	require.ErrorIs(t, err, ErrInvalid)
	st.Path.Index = 2
	_, err = st.Claim(id)
	require.ErrorIs(t, err, census.ErrMalformed)
}

func TestInputsAreInTheOrderOfTheRelation(t *testing.T) {
	c := Claim{Scope: Scope{1}, Message: Message{2}}
	c.Membership = Membership{Root: census.Root{31: 3}, Nullifier: Nullifier{31: 4}}
	in, err := c.Inputs()
	require.NoError(t, err)
	require.Len(t, in, 4)
	require.Equal(t, "3", in[0].String())
	require.Equal(t, "4", in[1].String())
	require.Equal(t, signal(c.Message), in[2])
	require.Equal(t, signal(c.Scope), in[3])

	c.Membership.Weight = MaxWeight - 1
	in, err = c.Inputs()
	require.NoError(t, err)
	require.Len(t, in, 5)
	require.Equal(t, "1099511627775", in[4].String())
}
