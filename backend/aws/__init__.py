"""The service on AWS: DynamoDB, API Gateway and Lambda.

botocore is the half of boto3 that talks to AWS; without the other half a cold start is shorter.
"""
