/** The nodes of a connection, without the holes that a connection may have. */
export function nodesOf<Node>(edges: readonly ({ node: Node | null } | null)[] | null): Node[] {
  return (edges ?? []).flatMap((edge) => edge?.node ?? [])
}
