import { graphql } from '../generated/gql.ts'

export const Viewer = graphql(`
  query Viewer {
    viewer { id name }
  }
`)
